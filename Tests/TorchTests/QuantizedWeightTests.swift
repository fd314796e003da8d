import Testing

@testable import Torch

/// Weights of 8 and 4 bits against the plain weights they stand for.
struct QuantizedWeightTests {
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

    @Test(arguments: [QuantizedWeight.Code.int8, .nf4, .fp4], [32, 64, 128])
    func `a product with codes equals the fp32 product with the weights they stand for`(
        _ code: QuantizedWeight.Code, _ groupSize: Int
    ) throws {
        try TensorThread.cpu.run {
            Runtime.seed(7)
            for (rows, size, outs) in [
                (1, 64, 40), (1, 896, 130), (3, 33, 7), (3, 129, 16), (16, 96, 130), (16, 200, 33), (70, 50, 20),
                (70, 256, 64), (130, 100, 48),
            ] {
                let wide = Self.random([outs, size]), weight = QuantizedWeight(wide, code: code, groupSize: groupSize)
                let bias = Self.random([outs]), a = Self.random([3, size]), bt = Self.random([3, outs])
                let x = Self.random([rows, size]), split = rows / 2
                var layer = weight.projection(bias: bias)
                layer.adapters = [RowAdapter(a: a, bt: bt, rows: split..<rows)]
                let isAdapted = Tensor((0..<rows).map { Float($0 >= split ? 1 : 0) }, shape: [rows, 1])
                let plain = weight.projection()
                let (pairs, halves) = try scope {
                    noGrad { () -> ([(Tensor, Tensor)], (Tensor, Tensor)) in
                        let known = weight.dequantized(.float32), product = x.linear(known)
                        let adapted = product + bias + x.linear(a).linear(bt.t) * isAdapted
                        let made = x.inferProject([layer, plain, Projection(weight: wide)])
                        let half = x.to(.bfloat16)
                        return (
                            [
                                (made[0], adapted), (made[1], product), (made[2], x.linear(wide)),
                                (x.inferGated(gate: layer, up: plain), adapted.swiglu(product)),
                                (x.logits(plain), product), (x.project([plain])[0], product),
                            ], (half.inferProject([plain])[0], half.to(.float32).linear(known))
                        )
                    }
                }
                for (place, (made, wanted)) in pairs.enumerated() {
                    let difference = Self.difference(made, wanted)
                    #expect(difference < 5e-4, "\(code) \(groupSize): \(rows) x \(size) x \(outs), value \(place)")
                }
                #expect(Self.difference(halves.0, halves.1) < 1e-2, "\(code), bfloat16, \(rows) x \(size) x \(outs)")
            }
        }
    }

    @Test func `codes are the nearest of their values, whatever the scale of a group`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(9)
            // The distance of neighbouring values, of a group's largest one; a scale is exact to one part in 256.
            for (code, step) in [(QuantizedWeight.Code.int8, Float(1.0 / 127)), (.nf4, 0.305), (.fp4, 0.334)] {
                let weight = Self.random([33, 100]) * 1e-3
                let back = try scope { QuantizedWeight(weight, code: code, groupSize: 32).dequantized(.float32) }
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
            let zeros = try scope { QuantizedWeight(Tensor.zeros([5, 40]), code: .nf4).dequantized(.bfloat16) }
            #expect(zeros.to(.float32).array(Float.self) == Array(repeating: 0, count: 200))
        }
    }

    @Test func `a row's product is the same whatever rows are beside it`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(11)
            for code in [QuantizedWeight.Code.int8, .nf4] {
                let layer = QuantizedWeight(Self.random([50, 300]), code: code).projection()
                let x = Self.random([19, 300], .bfloat16)
                let (all, single) = try scope {
                    (x.inferProject([layer])[0], (0..<19).map { x[$0..<($0 + 1)].inferProject([layer])[0] })
                }
                let rows = all.to(.float32).array(Float.self)
                #expect(rows == single.flatMap { $0.to(.float32).array(Float.self) })
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
                try scope { _ = QuantizedWeight(Tensor.zeros([5, 40]), code: .int8, groupSize: 48) }
            }
        }
    }
}
