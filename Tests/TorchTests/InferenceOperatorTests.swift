import Testing

@testable import Torch

/// The operators of generation against those of training.
struct InferenceOperatorTests {
    private static func random(_ shape: [Int], _ dtype: DType) -> Tensor {
        let values = Tensor.empty(shape)
        values.fillNormal()
        return values.to(dtype)
    }

    private static func isClose(_ a: Tensor, _ b: Tensor, _ tolerance: Float) -> Bool {
        let ours = a.to(.float32).array(Float.self), theirs = b.to(.float32).array(Float.self)
        let size = theirs.reduce(1) { max($0, abs($1)) }
        return a.shape == b.shape && zip(ours, theirs).allSatisfy { abs($0 - $1) <= tolerance * size }
    }

    /// Runs `body` on the tensor thread, with composed operators if asked.
    private static func run(composed: Bool, _ body: @escaping @Sendable () throws -> Void) throws {
        try TensorThread.cpu.run { composed ? try ComposedOperators.use(body) : try body() }
    }

    @Test(arguments: [DType.float32, .bfloat16], [(8, false), (24, false), (64, false), (8, true), (24, true)])
    func `attention over pages, read in parts beside other sequences, equals attention over whole sequences`(
        _ dtype: DType, _ size: (head: Int, isComposed: Bool)
    ) throws {
        try Self.run(composed: size.isComposed) {
            let size = size.head
            Runtime.seed(3)
            let tolerance: Float = dtype == .float32 ? 2e-5 : 2e-2
            let lengths = [1, 16, 37, 90], (heads, groups) = (6, 2), total = lengths.reduce(0, +)
            let scale = 1 / Double(size).squareRoot()
            let (q, k, v) = (
                Self.random([total, heads * size], dtype), Self.random([total, groups * size], dtype),
                Self.random([total, groups * size], dtype)
            )
            let (cos, sin) = (Self.random([total, size], .float32), Self.random([total, size], .float32))
            let offsets = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            let expected = try scope {
                noGrad {
                    q.reshape(-1, heads, size).rotary(cos: cos, sin: sin).segmentAttention(
                        k.reshape(-1, groups, size).rotary(cos: cos, sin: sin), v.reshape(-1, groups, size),
                        offsets: offsets,
                        causal: true, scale: scale
                    ).reshape(-1, heads * size)
                }
            }
            // Blocks in disorder; each sequence is read in parts of 7, one token, or as a whole.
            for part in [1, 7, 100] {
                let cache = PagedCache(
                    numLayers: 1, numBlocks: 16, numKeyValueHeads: groups, headDim: size, dtype: dtype)
                var blocks = Array((0..<16).map { Int32($0 * 7 % 16) })
                let tables = lengths.map { length in (0..<((length + 15) / 16)).map { _ in blocks.removeLast() } }
                for start in stride(from: 0, to: 90, by: part) {
                    let chunks = lengths.indices.filter { lengths[$0] > start }.map {
                        ($0, start..<min(start + part, lengths[$0]))
                    }
                    let rows = chunks.flatMap { sequence, range in range.map { offsets[sequence] + $0 } }
                    let batch = PagedBatch(chunks.map { ($1.count, $1.upperBound, tables[$0]) })
                    let (made, wanted) = try scope {
                        noGrad { () -> (Tensor, Tensor) in
                            let index = Tensor(rows)
                            let out = cache.attend(
                                layer: 0, q: q.rows(index), k: k.rows(index), v: v.rows(index), cos: cos.rows(index),
                                sin: sin.rows(index),
                                batch: batch, scale: scale)
                            return (out, expected.rows(index))
                        }
                    }
                    #expect(Self.isClose(made, wanted, tolerance), "\(dtype), parts of \(part) from \(start)")
                }
            }
        }
    }

    @Test(arguments: [DType.float32, .bfloat16], [false, true])
    func `projections of few and many rows, with adapters on some of them, equal plain products`(
        _ dtype: DType, _ isComposed: Bool
    ) throws {
        try Self.run(composed: isComposed) {
            Runtime.seed(5)
            let tolerance: Float = dtype == .float32 ? 2e-5 : 2e-2
            for (rows, size, outs) in [
                (1, 64, 40), (2, 100, 5), (3, 33, 8), (5, 33, 7), (9, 2500, 37), (16, 96, 130), (23, 1300, 40),
                (32, 40, 33), (33, 64, 48), (70, 50, 20),
            ] {
                let x = Self.random([rows, size], dtype), bias = Self.random([outs], dtype)
                let weights = (0..<2).map { _ in Self.random([outs, size], dtype) }
                let a = Self.random([3, size], dtype), bt = Self.random([3, outs], .float32)
                let split = rows / 2
                let isAdapted = Tensor((0..<rows).map { Float($0 >= split ? 1 : 0) }, shape: [rows, 1])
                var adapted = Projection(weight: weights[0], bias: bias)
                adapted.adapters = [RowAdapter(a: a, b: bt.t, rows: split..<rows)]
                let projections = [adapted, Projection(weight: weights[1])]
                let results = try scope {
                    noGrad { () -> [(Tensor, Tensor)] in
                        let wide = x.to(.float32)
                        let low = wide.linear(a.to(.float32)).to(
                            dtype == .bfloat16 && rows > Tensor.fewRows ? dtype : .float32
                        ).to(.float32)
                        let plain = [
                            wide.linear(weights[0].to(.float32)) + bias.to(.float32) + low.linear(bt.t) * isAdapted,
                            wide.linear(weights[1].to(.float32)),
                        ]
                        let gated = x.inferGated(gate: projections[0], up: projections[1])
                        return zip(x.inferProject(projections), plain).map { ($0, $1) } + [
                            (gated, plain[0].swiglu(plain[1])), (x.logits(Projection(weight: weights[1])), plain[1]),
                        ]
                    }
                }
                for (place, (made, wanted)) in results.enumerated() {
                    #expect(
                        Self.isClose(made, wanted, tolerance), "\(dtype) \(rows) x \(size) x \(outs), value \(place)")
                }
                #expect(results[3].0.dtype == .float32)
            }
        }
    }

    @Test(arguments: [false, true])
    func `greedy tokens are the first largest logits, and none where the logits are not finite`(_ isComposed: Bool)
        throws
    {
        try Self.run(composed: isComposed) {
            let rows: [[Float]] = [[1, 3, 3, 2], [-1, -2, -3, 0], [1, .nan, 2, 3], [.infinity, 1, 2, 3]]
            func sampled(_ row: SamplingRow) throws -> [Int32] {
                let logits = Tensor(rows.flatMap(\.self), shape: [4, 4])
                return try scope { logits.sample(Array(repeating: row, count: 4)).map(\.token.id) }
            }
            let plain = try sampled(SamplingRow())
            #expect(Array(plain.prefix(2)) == [1, 3] && plain[3] == -1)
            var banned = SamplingRow()
            banned.bannedIDs = [1]
            let other = try sampled(banned)
            #expect(Array(other.prefix(2)) == [2, 3])
        }
    }

    @Test(arguments: [false, true])
    func `an operator that is given nonsense records an error instead of reading outside memory`(_ isComposed: Bool)
        throws
    {
        try Self.run(composed: isComposed) {
            let cache = PagedCache(numLayers: 1, numBlocks: 2, numKeyValueHeads: 1, headDim: 16, dtype: .float32)
            let x = Tensor.empty([3, 16])
            func attend(_ batch: PagedBatch) throws {
                try scope { _ = cache.attend(layer: 0, q: x, k: x, v: x, cos: x, sin: x, batch: batch, scale: 1) }
            }
            #expect(throws: (any Error).self) { try attend(PagedBatch([(3, 3, [2])])) }
            #expect(throws: (any Error).self) { try attend(PagedBatch([(3, 20, [0])])) }
            #expect(throws: (any Error).self) { try attend(PagedBatch([(2, 2, [0])])) }
            #expect(throws: (any Error).self) { try scope { cache.copy([(0, 2)]) } }
            #expect(throws: (any Error).self) {
                try scope { _ = x.inferProject([Projection(weight: Tensor.empty([4, 15]))]) }
            }
        }
    }
}
