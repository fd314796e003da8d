import Testing

@testable import Torch

/// Weights of 16, 8 and 4 bits against the plain weights they stand for.
struct PackedWeightTests {
    private static func random(_ shape: [Int], _ dtype: DType = .float32) -> Tensor {
        let values = Tensor.empty(shape)
        values.fillNormal()
        return values.to(dtype)
    }

    /// The largest difference over the largest wanted value.
    private static func difference(_ made: Tensor, _ wanted: Tensor) -> Float {
        let a = made.to(.float32).array(Float.self), b = wanted.to(.float32).array(Float.self)
        let size = b.reduce(1e-6) { max($0, abs($1)) }
        return a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } / size : .infinity
    }

    /// Rows [rows, size] with each group of inputs rounded to 127 steps either way, as products with codes take them.
    private static func rounded(_ x: Tensor, _ groupSize: Int) -> Tensor {
        var values = x.array(Float.self)
        for row in stride(from: 0, to: values.count, by: x.shape[1]) {
            for first in stride(from: row, to: row + x.shape[1], by: groupSize) {
                let group = first..<min(first + groupSize, row + x.shape[1])
                let top = values[group].reduce(0) { max($0, abs($1)) }
                for i in group { values[i] = (values[i] * (127 / top)).rounded(.toNearestOrEven) * (top / 127) }
            }
        }
        return Tensor(values, shape: x.shape)
    }

    @Test(arguments: [PackedWeight.Code.int8, .nf4, .fp4], [32, 64, 128])
    func `a product with codes equals that of the rounded rows with the weights they stand for`(
        _ code: PackedWeight.Code, _ groupSize: Int
    ) throws {
        try TensorThread.cpu.run {
            Runtime.seed(7)
            for (rows, size, outs) in [
                (1, 64, 40), (1, 896, 130), (3, 33, 7), (3, 129, 16), (16, 96, 130), (16, 200, 33), (70, 50, 20),
                (70, 256, 64), (130, 100, 48),
            ] {
                let wide = Self.random([outs, size]), weight = PackedWeight(wide, code: code, groupSize: groupSize)
                let bias = Self.random([outs]), a = Self.random([3, size]), bt = Self.random([3, outs])
                let x = Self.random([rows, size]), split = rows / 2
                var layer = weight.projection(bias: bias)
                layer.adapters = [RowAdapter(a: a, b: bt.t, rows: split..<rows)]
                let isAdapted = Tensor((0..<rows).map { Float($0 >= split ? 1 : 0) }, shape: [rows, 1])
                let plain = weight.projection()
                // In products the values of 4 bits are rounded to 0.4 % of the largest.
                let tolerance: Float = code == .int8 ? 1e-5 : 2e-2
                let (pairs, halves) = try scope {
                    noGrad { () -> ([(Tensor, Tensor)], (Tensor, Tensor)) in
                        let known = weight.unpacked(.float32)
                        let made = x.inferProject([layer, plain, Projection(weight: wide)])
                        // Machines without products of integers round nothing.
                        let exact = x.linear(known), rounded = Self.rounded(x, groupSize).linear(known)
                        let isRounded = Self.difference(made[1], rounded) < Self.difference(made[1], exact)
                        let product = isRounded ? rounded : exact
                        let adapted = product + bias + x.linear(a).linear(bt.t) * isAdapted
                        let half = x.to(.bfloat16)
                        return (
                            [
                                (made[0], adapted), (made[1], product), (made[2], x.linear(wide)),
                                (x.inferGated(gate: layer, up: plain), adapted.swiglu(product)),
                                (x.logits(plain), product), (x.project([plain])[0], exact),
                            ], (half.inferProject([plain])[0], half.to(.float32).linear(known))
                        )
                    }
                }
                for (place, (made, wanted)) in pairs.enumerated() {
                    let difference = Self.difference(made, wanted)
                    #expect(
                        difference < tolerance,
                        "\(code) \(groupSize): \(rows) x \(size) x \(outs), value \(place): \(difference)")
                }
                #expect(Self.difference(halves.0, halves.1) < 2e-2, "\(code), bfloat16, \(rows) x \(size) x \(outs)")
            }
        }
    }

    @Test(.enabled(if: PackedWeight.Code.bf16.isSupported, "needs AVX512-BF16"))
    func `a packed bfloat16 weight is the weight itself, and its products are those of the plain one`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(17)
            for (rows, size, outs) in [
                (1, 2, 1), (2, 34, 7), (3, 896, 130), (4, 64, 32), (7, 66, 33), (9, 1218, 65), (12, 130, 40),
                (15, 96, 50),
                (16, 2500, 48), (23, 100, 31), (47, 200, 96), (96, 200, 96), (97, 200, 96), (100, 4864, 40),
            ] {
                let wide = Self.random([outs, size], .bfloat16), packed = PackedWeight(wide, code: .bf16)
                let bias = Self.random([outs], .bfloat16)
                let a = Self.random([3, size], .bfloat16), bt = Self.random([3, outs])
                let x = Self.random([rows, size], .bfloat16), adapted = rows / 2..<rows
                var layer = packed.projection(bias: bias), plain = Projection(weight: wide, bias: bias)
                layer.adapters = [RowAdapter(a: a, b: bt.t, rows: adapted)]
                plain.adapters = layer.adapters
                let pairs = try scope {
                    noGrad { () -> [(Tensor, Tensor)] in
                        let own = x.inferProject([layer, packed.projection(), plain])
                        let reference = x.inferProject([plain, Projection(weight: wide)])
                        let gated = x.inferGated(gate: layer, up: packed.projection())
                        return [
                            (own[0], reference[0]), (own[1], reference[1]), (own[2], reference[0]),
                            (gated, x.inferGated(gate: plain, up: Projection(weight: wide))),
                        ]
                    }
                }
                for (place, (made, wanted)) in pairs.enumerated() {
                    let difference = Self.difference(made, wanted)
                    #expect(difference < 1e-2, "\(rows) x \(size) x \(outs), value \(place): \(difference)")
                }
                let (logits, exact) = try scope {
                    (x.logits(packed.projection()), x.to(.float32).linear(wide.to(.float32)))
                }
                #expect(Self.difference(logits, exact) < 1e-5, "logits of \(rows) x \(size) x \(outs)")
                let back = try scope { packed.unpacked(.bfloat16) }
                #expect(back.to(.float32).array(Float.self) == wide.to(.float32).array(Float.self))
            }
            #expect(throws: (any Error).self) { try scope { _ = PackedWeight(Tensor.zeros([5, 41]), code: .bf16) } }
        }
    }

    @Test func `codes are the nearest of their values, whatever the scale of a group`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(9)
            // The distance of neighbouring values, of a group's largest one; a scale is exact to one part in 256.
            for (code, step) in [(PackedWeight.Code.int8, Float(1.0 / 127)), (.nf4, 0.305), (.fp4, 0.334)] {
                let weight = Self.random([33, 100]) * 1e-3
                let back = try scope { PackedWeight(weight, code: code, groupSize: 32).unpacked(.float32) }
                #expect(back.shape == [33, 100])
                let (made, wanted) = (back.array(Float.self), weight.array(Float.self))
                for row in 0..<33 {
                    for first in stride(from: 0, to: 100, by: 32) {
                        let group = (row * 100 + first)..<(row * 100 + min(first + 32, 100))
                        let largest = wanted[group].reduce(0) { max($0, abs($1)) }
                        let worst = group.reduce(Float(0)) { max($0, abs(made[$1] - wanted[$1])) }
                        #expect(worst <= largest * (step / 2 + 1.0 / 200), "\(code) row \(row) from \(first)")
                    }
                }
            }
            let zeros = try scope { PackedWeight(Tensor.zeros([5, 40]), code: .nf4).unpacked(.bfloat16) }
            #expect(zeros.to(.float32).array(Float.self) == Array(repeating: 0, count: 200))
        }
    }

    @Test func `a row's product is the same whatever rows are beside it`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(11)
            for code in [PackedWeight.Code.bf16, .int8, .nf4] where code.isSupported {
                let layer = PackedWeight(Self.random([50, 300]), code: code).projection()
                let most = code == .bf16 ? 45 : 140, x = Self.random([most, 300], .bfloat16)
                func product(_ rows: Range<Int>) -> [Float] {
                    x[rows].inferProject([layer])[0].to(.float32).array(Float.self)
                }
                let single = try scope { (0..<most).flatMap { product($0..<($0 + 1)) } }
                for count in [2, 3, 5, 8, 11, 12, 14, 16, 19, 31, most] {
                    #expect(
                        try scope { product(0..<count) } == Array(single[..<(count * 50)]), "\(code), \(count) rows")
                }
            }
        }
    }

    @Test func `a team of threads gives the same products, and errors come through it`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(13)
            let weight = Self.random([300, 128], .bfloat16), x = Self.random([2, 128], .bfloat16)
            func product() -> [Float] { x.inferProject([Projection(weight: weight)])[0].to(.float32).array(Float.self) }
            let alone = try scope { product() }
            let together = try scope { Runtime.withTeam { (0..<50).map { _ in product() } } }
            #expect(together.allSatisfy { $0 == alone })
            #expect(throws: (any Error).self) {
                try Runtime.withTeam { try scope { _ = x.inferProject([Projection(weight: Tensor.empty([4, 15]))]) } }
            }
            #expect(throws: (any Error).self) {
                try scope { _ = PackedWeight(Tensor.zeros([5, 40]), code: .int8, groupSize: 48) }
            }
        }
    }
}
