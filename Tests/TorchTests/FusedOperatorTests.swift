import Foundation
import Testing

@testable import Torch

/// The fused operators against plain ones, values and gradients.
///
/// fp32: sums in another order, 2e-5 of the largest value. bf16: compared with the fp32 result of the same rounded
/// inputs; a few roundings of 2^-8 relative to the largest value.
struct FusedOperatorTests {
    static let dtypes: [DType] = [.float32, .bfloat16]

    private static func tolerance(_ dtype: DType) -> Double { dtype == .float32 ? 2e-5 : 2e-2 }

    /// Random values that are exact in `dtype`, in fp32.
    private static func random(_ shape: [Int], _ dtype: DType) -> Tensor {
        let values = Tensor.empty(shape)
        values.fillNormal()
        return values.to(dtype).to(.float32)
    }

    /// Output and gradients of `inputs` (converted to their dtypes) under a fixed random gradient.
    private static func run(_ inputs: [(Tensor, DType)], _ body: ([Tensor]) -> [Tensor]) throws -> [Tensor] {
        try scope {
            let leaves = inputs.map { value, dtype -> Tensor in
                let leaf = value.detach().clone().to(dtype)
                leaf.requiresGrad = true
                return leaf
            }
            let outputs = body(leaves)
            Runtime.seed(99)
            // One backward pass: a group of projections is one node.
            let losses = outputs.map { ($0.to(.float32) * random($0.shape, .bfloat16)).sum() }
            losses.dropFirst().reduce(losses[0]) { $0 + $1 }.backward()
            return (outputs + leaves.compactMap(\.grad)).map { $0.detach().to(.float32) }
        }
    }

    /// Compares fused and plain, and what CUDA tensors are computed with: all outputs and all gradients.
    private static func compare(
        _ label: String, _ dtype: DType, _ inputs: [Tensor], fp32: Set<Int> = [], fused: ([Tensor]) -> [Tensor],
        plain: ([Tensor]) -> [Tensor]
    ) throws {
        let typed = inputs.enumerated().map { ($1, fp32.contains($0) ? DType.float32 : dtype) }
        let theirs = try run(inputs.map { ($0, .float32) }, plain)
        for (name, ours) in [
            ("fused", try run(typed, fused)), ("composed", try ComposedOperators.use { try run(typed, fused) }),
            ("kernels for CUDA of", try ComposedOperators.use(kernels: true) { try run(typed, fused) }),
        ] {
            #expect(ours.count == theirs.count && theirs.count > inputs.count, "\(name) \(label)")
            for (place, (a, b)) in zip(ours, theirs).enumerated() {
                #expect(a.shape == b.shape, "\(name) \(label) value \(place)")
                let (difference, size) = try scope { ((a - b).largest, max(1, b.largest)) }
                #expect(
                    difference <= tolerance(dtype) * size,
                    "\(name) \(label) \(dtype): value \(place) of size \(size)")
            }
        }
    }

    @Test(arguments: dtypes)
    func `the norm, the rotation and the gated product equal plain operators`(_ dtype: DType) throws {
        try TensorThread.cpu.run {
            Runtime.seed(1)
            var compared = 0
            for size in [1, 7, 16, 33, 64, 130] {
                let x = Self.random([5, size], dtype), w = Self.random([size], dtype),
                    up = Self.random([5, size], dtype)
                try Self.compare(
                    "norm \(size)", dtype, [x, w], fused: { [$0[0].rmsNorm($0[1], epsilon: 1e-6)] },
                    plain: { [$0[0] * ($0[0].pow(2).mean(-1, keep: true) + 1e-6).rsqrt() * $0[1]] })
                try Self.compare(
                    "gated \(size)", dtype, [x, up], fused: { [$0[0].swiglu($0[1])] }, plain: { [$0[0].silu() * $0[1]] }
                )
                compared += 2
            }
            for (heads, size) in [(1, 2), (3, 6), (2, 16), (4, 40), (2, 128)] {
                let x = Self.random([9, heads, size], dtype), angles = Self.random([9, size / 2], .float32)
                let wide = Tensor.cat([angles, angles], dim: 1)
                let cos = wide.cos(), sin = wide.sin()
                try Self.compare(
                    "rotary \(heads)x\(size)", dtype, [x], fused: { [$0[0].rotary(cos: cos, sin: sin)] },
                    plain: { leaves in
                        let half = size / 2
                        let turned = Tensor.cat(
                            [-leaves[0].narrow(2, half, half), leaves[0].narrow(2, 0, half)], dim: 2)
                        return [leaves[0] * cos.unsqueeze(1) + turned * sin.unsqueeze(1)]
                    })
                compared += 1
            }
            #expect(compared == 17)
        }
    }

    @Test func `gates far from zero give what SiLU gives`() throws {
        let gates: [Float] = [-1e6, -200, -89.5, -88.1, -87, -20, -1, 0, 1, 20, 88.1, 200, 1e6]
        let x = Array(repeating: gates, count: 3).flatMap(\.self)
        let found = try TensorThread.cpu.run {
            try scope("gated") { Tensor(x, shape: [1, x.count]).swiglu(Tensor.ones([1, x.count])).array(Float.self) }
        }
        let expected = x.map { Double($0) / (1 + exp(-Double($0))) }
        for (value, wanted) in zip(found, expected) {
            #expect(abs(Double(value) - wanted) <= 1e-6 * abs(wanted) + 1e-30)
        }
    }

    // MARK: attention

    /// Softmax over each segment, heads repeated for their groups.
    private static func plainAttention(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, _ offsets: [Int], _ causal: Bool, _ scale: Double
    ) -> Tensor {
        let shared = q.size(1) / k.size(1)
        let parts = zip(offsets, offsets.dropFirst()).filter { $0 < $1 }.map { start, end -> Tensor in
            let length = end - start
            func head(_ t: Tensor, _ index: Int) -> Tensor { t.narrow(0, start, length).select(1, index) }
            let heads = (0..<q.size(1)).map { h -> Tensor in
                var scores = head(q, h).matmul(head(k, h / shared).t) * scale
                if causal {
                    let rows = Tensor.arange(0, Double(length)).unsqueeze(1),
                        columns = Tensor.arange(0, Double(length)).unsqueeze(0)
                    scores = scores.masked(where: (rows - columns).less(than: 0), value: -1e30)
                }
                return scores.softmax().matmul(head(v, h / shared))
            }
            return Tensor.stack(heads, dim: 1)
        }
        return Tensor.cat(parts)
    }

    private static func compareAttention(
        _ lengths: [Int], _ heads: Int, _ groups: Int, _ size: Int, _ causal: Bool, _ dtype: DType
    ) throws {
        let offsets = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }, total = offsets[offsets.count - 1]
        let scale = 1 / Double(size).squareRoot()
        let inputs = [
            random([total, heads, size], dtype), random([total, groups, size], dtype),
            random([total, groups, size], dtype),
        ]
        try compare(
            "attention \(lengths) \(heads)/\(groups)x\(size) \(causal)", dtype, inputs,
            fused: { [$0[0].segmentAttention($0[1], $0[2], offsets: offsets, causal: causal, scale: scale)] },
            plain: { [plainAttention($0[0], $0[1], $0[2], offsets, causal, scale)] })
    }

    @Test(arguments: dtypes)
    func `attention equals a plain softmax for every length up to 70`(_ dtype: DType) throws {
        try TensorThread.cpu.run {
            Runtime.seed(2)
            for length in 1...70 { try Self.compareAttention([length], 2, 1, 8, length % 2 == 0, dtype) }
        }
    }

    @Test(arguments: dtypes)
    func `attention equals a plain softmax for groups, head sizes and segments`(_ dtype: DType) throws {
        try TensorThread.cpu.run {
            Runtime.seed(3)
            var compared = 0
            for (heads, groups) in [(1, 1), (4, 4), (4, 2), (6, 1), (14, 2)] {
                for size in [4, 10, 16, 24, 40, 64] {
                    try Self.compareAttention([33, 1, 7, 64], heads, groups, size, compared % 2 == 0, dtype)
                    compared += 1
                }
            }
            for causal in [true, false] {
                try Self.compareAttention(Array(repeating: 1, count: 40), 4, 2, 16, causal, dtype)
                try Self.compareAttention([200, 3, 129], 2, 1, 80, causal, dtype)
                compared += 2
            }
            #expect(compared == 34)
        }
    }

    @Test func `attention over several blocks of keys and pieces of queries equals a plain softmax`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(21)
            // From 2,016 rows on the heads that share keys are computed apart.
            for (lengths, isCausal) in [([257], true), ([600, 3, 256], true), ([530], false), ([2100, 40], true)] {
                for dtype in Self.dtypes { try Self.compareAttention(lengths, 2, 1, 24, isCausal, dtype) }
            }
            try Self.compareAttention([515], 4, 2, 64, true, .bfloat16)
        }
    }

    @Test(arguments: dtypes)
    func `attention and its gradients have the same bits on one thread and on two`(_ dtype: DType) throws {
        try TensorThread.cpu.run {
            let numThreads = Runtime.numThreads
            defer { Runtime.numThreads = numThreads }
            Runtime.seed(22)
            let inputs = [
                Self.random([2200, 3, 16], dtype), Self.random([2200, 1, 16], dtype),
                Self.random([2200, 1, 16], dtype),
            ]
            let results = try [1, 2].map { threads -> [[Float]] in
                Runtime.numThreads = threads
                return try Self.run(inputs.map { ($0, dtype) }) {
                    [$0[0].segmentAttention($0[1], $0[2], offsets: [0, 2100, 2200], causal: true, scale: 0.25)]
                }.map { $0.array(Float.self) }
            }
            #expect(results[0].count == 4)
            #expect(results[0] == results[1])
        }
    }

    @Test func `attention takes the strided views that projections give`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(4)
            let qkv = Self.random([11, 4, 3 * 8], .float32)
            let q = qkv.narrow(2, 0, 8), k = qkv.narrow(2, 8, 8), v = qkv.narrow(2, 16, 8)
            let expected = Self.plainAttention(q, k, v, [0, 11], true, 0.3)
            let whole = try scope { q.segmentAttention(k, v, offsets: [0, 11], causal: true, scale: 0.3) }
            #expect(try scope { (whole - expected).largest } < 1e-5)
        }
    }

    @Test func `segments that do not cover the rows are an error, not a crash`() throws {
        try TensorThread.cpu.run {
            let x = Tensor.zeros([4, 2, 8])
            #expect(throws: TensorError.self) {
                try scope { _ = x.segmentAttention(x, x, offsets: [0, 3], causal: true, scale: 1) }
            }
            #expect(throws: TensorError.self) {
                try scope {
                    _ = x.segmentAttention(
                        Tensor.zeros([4, 3, 8]), Tensor.zeros([4, 3, 8]), offsets: [0, 4], causal: true, scale: 1)
                }
            }
        }
    }

    // MARK: projections and loss

    @Test(arguments: dtypes)
    func `grouped projections with bias, adapter and the adapter's dropout equal plain ones`(_ dtype: DType) throws {
        try TensorThread.cpu.run {
            Runtime.seed(5)
            for (rows, size) in [(1, 16), (37, 24), (130, 65)] {
                // x, x' (the adapter's input after dropout), then weight, bias, a, b of the first and weight of the second.
                let dropped = Self.random([rows, size], dtype)
                let inputs = [
                    Self.random([rows, size], dtype), dropped, Self.random([19, size], dtype), Self.random([19], dtype),
                    Self.random([4, size], dtype), Self.random([19, 4], dtype), Self.random([7, size], dtype),
                    Self.random([3, size], dtype),
                    Self.random([7, 3], dtype),
                ].map { $0 * 0.25 }
                try Self.compare(
                    "projections \(rows)x\(size)", dtype, inputs, fp32: [4, 5, 7, 8],
                    fused: { t in
                        t[0].project([
                            Projection(weight: t[2], bias: t[3], lora: (t[4], t[5], 1.5), loraInput: t[1]),
                            Projection(weight: t[6], lora: (t[7], t[8], 0.5)),
                        ])
                    },
                    plain: { t in
                        [
                            t[0].linear(t[2], t[3]) + t[1].linear(t[4]).linear(t[5]) * 1.5,
                            t[0].linear(t[6]) + t[0].linear(t[7]).linear(t[8]) * 0.5,
                        ]
                    })
            }
        }
    }

    // More columns than a panel, more depth than a block, odd numbers of rows.
    @Test func `projections of the size of a model's equal plain ones in bf16`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(7)
            for (rows, inner, outer, rank) in [(101, 896, 1500, 8), (133, 2600, 70, 16), (24, 64, 33, 2)] {
                let inputs = [
                    Self.random([rows, inner], .bfloat16), Self.random([outer, inner], .bfloat16),
                    Self.random([rank, inner], .bfloat16), Self.random([outer, rank], .bfloat16),
                    Self.random([outer, inner], .bfloat16), Self.random([rank, inner], .bfloat16),
                    Self.random([outer, rank], .bfloat16),
                ].map { $0 * 0.125 }
                try Self.compare(
                    "projections \(rows)x\(inner)x\(outer)", .bfloat16, inputs, fp32: [2, 3, 5, 6],
                    fused: { t in
                        t[0].project([
                            Projection(weight: t[1], lora: (t[2], t[3], 2)),
                            Projection(weight: t[4], lora: (t[5], t[6], 0.5)),
                        ])
                    },
                    plain: { t in
                        [
                            t[0].linear(t[1]) + t[0].linear(t[2]).linear(t[3]) * 2,
                            t[0].linear(t[4]) + t[0].linear(t[5]).linear(t[6]) * 0.5,
                        ]
                    })
            }
        }
    }

    @Test(arguments: dtypes)
    func `projections of a norm and of a gated product equal those of the tensor itself`(_ dtype: DType) throws {
        try TensorThread.cpu.run {
            Runtime.seed(8)
            let (rows, size) = (37, 24)
            let inputs = [
                Self.random([rows, size], dtype), Self.random([size], dtype), Self.random([rows, size], dtype),
                Self.random([19, size], dtype), Self.random([4, size], dtype), Self.random([19, 4], dtype),
            ].map { $0 * 0.5 }
            func both(_ t: [Tensor], _ norm: (Tensor) -> ProjectionInput, _ gated: (Tensor) -> ProjectionInput)
                -> [Tensor]
            {
                let projection = Projection(weight: t[3], lora: (t[4], t[5], 1.5))
                return norm(t[0]).project([projection]) + gated(t[0]).project([projection])
            }
            try Self.compare(
                "made inputs", dtype, inputs, fp32: [4, 5],
                fused: { t in
                    both(t) {
                        .normalized($0, weight: t[1], epsilon: 1e-6)
                    } _: {
                        .gated($0, up: t[2])
                    }
                },
                plain: { t in
                    both(t) {
                        .plain($0.rmsNorm(t[1], epsilon: 1e-6))
                    } _: {
                        .plain($0.swiglu(t[2]))
                    }
                })
        }
    }

    @Test(arguments: dtypes)
    func `the loss through the output layer equals a plain cross-entropy, gradients of both factors included`(
        _ dtype: DType
    ) throws {
        try TensorThread.cpu.run {
            Runtime.seed(6)
            for (rows, size, vocabulary, block) in [
                (1, 8, 5, 256), (7, 16, 400, 256), (70, 24, 131, 32), (300, 8, 64, 256),
            ] {
                let hidden = Self.random([rows, size], dtype) * 0.5, weight = Self.random([vocabulary, size], dtype)
                let labels = (0..<rows).map { ($0 * 37 + 3) % vocabulary }
                // A weight of zero: such a row neither counts nor learns.
                let weights = (0..<rows).map { Float($0 % 5) / Float(rows) }
                func plainLosses(_ t: [Tensor]) -> Tensor {
                    -t[0].linear(t[1]).logSoftmax().gather(Tensor(labels, shape: [rows, 1])).reshape(-1)
                }
                try Self.compare(
                    "loss \(rows)x\(size)x\(vocabulary)", dtype, [hidden, weight],
                    fused: {
                        [
                            $0[0].linearCrossEntropy(
                                $0[1], labels: Tensor(labels), weights: Tensor(weights), blockRows: block
                            ).select(0, 0)
                        ]
                    },
                    plain: { [(plainLosses($0) * Tensor(weights)).sum()] })
                let result = try scope {
                    noGrad {
                        hidden.linearCrossEntropy(
                            weight, labels: Tensor(labels), weights: Tensor(weights), blockRows: block)
                    }
                }
                let best = try scope { hidden.linear(weight).argmax().array(Int.self) }
                #expect(Int(result.array(Float.self)[1]) == zip(best, labels).count { $0 == $1 })
            }
        }
    }

    // Rows and words beyond a block and a part of the vocabulary, widths beyond a panel and a block of the depth.
    @Test(arguments: [DType.bfloat16, .float32])
    func `the loss through a frozen output layer equals a plain cross-entropy`(_ weightType: DType) throws {
        try TensorThread.cpu.run {
            Runtime.seed(23)
            for (rows, size, vocabulary) in [(1, 8, 5), (7, 16, 400), (70, 24, 2131), (530, 34, 600), (40, 1300, 300)] {
                let hidden = Self.random([rows, size], .bfloat16) * 0.5,
                    weight = Self.random([vocabulary, size], .bfloat16)
                let labels = Tensor((0..<rows).map { ($0 * 37 + 3) % vocabulary })
                let weights = Tensor((0..<rows).map { Float($0 % 5) / Float(rows) }), stored = weight.to(weightType)
                try Self.compare(
                    "frozen \(rows)x\(size)x\(vocabulary)", .bfloat16, [hidden],
                    fused: { [$0[0].linearCrossEntropy(stored, labels: labels, weights: weights).select(0, 0)] },
                    plain: {
                        let losses = -$0[0].linear(weight).logSoftmax().gather(labels.reshape(rows, 1)).reshape(-1)
                        return [(losses * weights).sum()]
                    })
                let numHits = try scope {
                    noGrad {
                        hidden.to(.bfloat16).linearCrossEntropy(stored, labels: labels, weights: weights).select(0, 1)
                            .item
                    }
                }
                let best = try scope { hidden.linear(weight).argmax().array(Int.self) }
                #expect(Int(numHits) == zip(best, labels.array(Int.self)).count { $0 == $1 })
            }
        }
    }

    // A sure row: the label's probability is rounded to 1 in bf16, what is left of it must not be.
    @Test func `a frozen output layer keeps the small gradient of a sure label`() throws {
        try TensorThread.cpu.run {
            let hidden = Tensor([Float(8), 0], shape: [1, 2]).to(.bfloat16),
                weight = Tensor([Float(1), 0, 0, 1], shape: [2, 2])
            hidden.requiresGrad = true
            try scope {
                hidden.linearCrossEntropy(weight.to(.bfloat16), labels: Tensor([0]), weights: Tensor([Float(1)]))
                    .select(0, 0).backward()
            }
            let gradient = try #require(hidden.grad).to(.float32).array(Float.self)
            #expect(abs(gradient[0] + 3.3535e-4) < 2e-6 && abs(gradient[1] - 3.3535e-4) < 2e-6)
        }
    }

    @Test func `labels outside the vocabulary are an error, not a crash`() throws {
        try TensorThread.cpu.run {
            for label in [-100, -1, 4] {
                #expect(throws: TensorError.self) {
                    try scope {
                        _ = Tensor.zeros([1, 3]).linearCrossEntropy(
                            Tensor.zeros([4, 3]), labels: Tensor([label]), weights: Tensor([Float(1)]))
                    }
                }
            }
        }
    }

    // MARK: recomputation

    @Test func `a recomputed segment gives the same bits, dropout included, and leaves the generator as it was`() throws
    {
        try TensorThread.cpu.run {
            Runtime.seed(7)
            let start = Self.random([6, 8], .float32), weight = Self.random([8, 8], .float32)
            func gradients(recompute: Bool) throws -> ([[Float]], [Float]) {
                Runtime.seed(8)
                return try scope {
                    let x = start.clone(), w = weight.clone()
                    x.requiresGrad = true
                    w.requiresGrad = true
                    var hidden = x
                    for _ in 0..<3 {
                        let layer: (Tensor) -> Tensor = { $0 + $0.dropout(0.3).linear(w).silu() }
                        hidden = recompute ? recomputed(hidden, layer) : layer(hidden)
                    }
                    hidden.pow(2).sum().backward()
                    let next = Tensor.empty([4])
                    next.fillNormal()
                    return (
                        [hidden, x.grad, w.grad].compactMap { $0?.detach().array(Float.self) }, next.array(Float.self)
                    )
                }
            }
            let plain = try gradients(recompute: false), again = try gradients(recompute: true)
            #expect(plain.0.count == 3)
            #expect(plain.0 == again.0)
            #expect(plain.1 == again.1)
        }
    }

    @Test func `a segment is recomputed when only its own weights are trained, and never when nothing is`() throws {
        try TensorThread.cpu.run {
            let x = Tensor([Float(1), 2], shape: [1, 2]), w = Tensor([Float(3), 4], shape: [1, 2])
            var runs = 0
            let layer: (Tensor) -> Tensor = {
                runs += 1
                return $0.linear(w)
            }
            let frozen = try scope { recomputed(x, layer) }
            #expect(!frozen.requiresGrad && runs == 1)
            w.requiresGrad = true
            try scope { recomputed(x, layer).sum().backward() }
            #expect(w.grad?.array(Float.self) == [1, 2] && runs == 3)
        }
    }

    @Test func `a failure inside a recomputed segment is reported with its operator`() throws {
        try TensorThread.cpu.run {
            let x = Tensor.zeros([2, 3])
            x.requiresGrad = true
            let error = #expect(throws: TensorError.self) {
                try scope("a test") { recomputed(x) { $0.matmul(Tensor.zeros([7, 7])) }.sum().backward() }
            }
            #expect(error.map { "\($0)" }?.contains("a test: tensor operator matmul failed") == true)
            let sum = try scope { x.sum().item }
            #expect(sum == 0)
        }
    }
}

extension Tensor {
    /// Largest absolute element.
    var largest: Double { count == 0 ? 0 : detach().reshape(-1).pow(2).sqrt().max(0).item }
}
