import Testing

@testable import Torch

/// Projections by packed weights with gradients, against the same projections by the plain weights they stand for.
struct PackedProjectionTests {
    private static func random(_ shape: [Int], _ dtype: DType = .float32) -> Tensor {
        let values = Tensor.empty(shape)
        values.fillNormal()
        return (values * 0.25).to(dtype)
    }

    /// Two projections of one input; without a rank there are no adapters, and only the first one has a bias.
    private static func group(_ weights: [Projection], bias: Tensor, adapters: [(a: Tensor, b: Tensor)]) -> [Projection]
    {
        weights.enumerated().map { index, weight in
            var projection = weight
            projection.bias = index == 0 ? bias : nil
            if !adapters.isEmpty { projection.lora = (adapters[index].a, adapters[index].b, 1.5) }
            return projection
        }
    }

    /// Outputs and the gradients of `leaves` under a fixed random gradient.
    private static func run(_ leaves: [Tensor], _ body: () -> [Tensor]) -> [Tensor] {
        for leaf in leaves {
            leaf.requiresGrad = true
            leaf.clearGrad()
        }
        let outputs = body()
        Runtime.seed(99)
        let losses = outputs.map { ($0.to(.float32) * random($0.shape)).sum() }
        losses.dropFirst().reduce(losses[0], +).backward()
        return (outputs + leaves.map { $0.grad ?? Tensor.zeros([1]) }).map { $0.detach().to(.float32).clone() }
    }

    private static func compare(_ made: [Tensor], _ wanted: [Tensor], _ tolerance: Double, _ label: String) throws {
        #expect(made.count == wanted.count)
        for (place, (a, b)) in zip(made, wanted).enumerated() {
            #expect(a.shape == b.shape, "\(label), value \(place)")
            let (difference, size) = try scope { ((a - b).largest, max(1e-3, b.largest)) }
            #expect(difference <= tolerance * size, "\(label), value \(place): \(difference) of \(size)")
        }
    }

    @Test(arguments: [PackedWeight.Code.bf16, .int8, .nf4, .fp4], [DType.float32, .bfloat16])
    func `a packed weight gives the outputs and gradients of the weight it stands for`(
        _ code: PackedWeight.Code, _ dtype: DType
    ) throws {
        guard code.isSupported else { return }
        try TensorThread.cpu.run {
            Runtime.seed(41)
            var compared = 0
            for (rows, size, outs) in [(1, 64, 40), (7, 34, 50), (37, 200, 33), (130, 256, 96), (300, 66, 130)] {
                for rank in [0, 1, 4, 16] {
                    let x = Self.random([rows, size], dtype), bias = Self.random([outs], dtype)
                    let packed = [0, 1].map { _ in
                        PackedWeight(Self.random([outs, size]), code: code, groupSize: outs % 2 == 0 ? 64 : 32)
                    }
                    let adapters =
                        rank == 0 ? [] : [0, 1].map { _ in (Self.random([rank, size]), Self.random([outs, rank])) }
                    let leaves = [x] + adapters.flatMap { [$0.0, $0.1] }
                    let (made, wanted) = try scope {
                        let plain = packed.map { Projection(weight: $0.unpacked(dtype)) }
                        func passes(_ weights: [Projection]) -> [Tensor] {
                            Self.run(leaves) { x.project(Self.group(weights, bias: bias, adapters: adapters)) }
                        }
                        return (passes(packed.map { $0.projection() }), passes(plain))
                    }
                    // With adapters both are the same products. Without, codes may be multiplied as integers.
                    let tolerance = rank > 0 ? 1e-6 : code == .bf16 ? 1e-2 : 2e-2
                    try Self.compare(
                        made, wanted, tolerance, "\(code) \(dtype) \(rows) x \(size) x \(outs), rank \(rank)")
                    compared += 1
                }
            }
            #expect(compared == 20)
        }
    }

    @Test func `norms and gated products are read by packed weights too, and a frozen input asks for no gradient`()
        throws
    {
        try TensorThread.cpu.run {
            Runtime.seed(42)
            let (rows, size, outs) = (37, 64, 48)
            let packed = PackedWeight(Self.random([outs, size]), code: .nf4)
            let first = Self.random([rows, size]), scale = Self.random([size]), up = Self.random([rows, size])
            let a = Self.random([4, size]), b = Self.random([outs, 4])
            for (label, input, inputs) in [
                ("norm", ProjectionInput.normalized(first, weight: scale, epsilon: 1e-6), [first, scale]),
                ("gated", .gated(first, up: up), [first, up]),
            ] {
                let (made, wanted) = try scope {
                    func pass(_ weight: Projection) -> [Tensor] {
                        Self.run(inputs + [a, b]) {
                            var projection = weight
                            projection.lora = (a, b, 2)
                            return input.project([projection])
                        }
                    }
                    return (pass(packed.projection()), pass(Projection(weight: packed.unpacked(.float32))))
                }
                try Self.compare(made, wanted, 1e-6, label)
            }
            let frozen = Self.random([rows, size])
            let gradients = try scope {
                Self.run([a, b]) {
                    var projection = packed.projection()
                    projection.lora = (a, b, 2)
                    return frozen.project([projection])
                }
            }
            #expect(gradients.count == 3 && frozen.grad == nil)
        }
    }

    @Test func `an input of another width is an error`() throws {
        try TensorThread.cpu.run {
            let packed = PackedWeight(Self.random([8, 64]), code: .int8)
            #expect(throws: TensorError.self) { try scope { _ = Self.random([3, 32]).project([packed.projection()]) } }
        }
    }
}
