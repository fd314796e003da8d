import CTorch

/// Keys and values of many sequences in blocks of 16 positions, all layers. Memory is taken when a block is first written.
public final class PagedCache {
    /// Positions of a block.
    public static let blockSize = Int(CT_BLOCK_TOKENS)

    public let numBlocks: Int
    private let whole: Tensor
    private let layers: [Tensor]
    private let headDim: Int

    public init(numLayers: Int, numBlocks: Int, numKeyValueHeads: Int, headDim: Int, dtype: DType) {
        self.numBlocks = numBlocks
        self.headDim = headDim
        let whole = Tensor(
            ct_paged_cache(
                Int64(numLayers), Int64(numBlocks), Int64(numKeyValueHeads), Int64(headDim), dtype.rawValue))
        self.whole = whole
        layers = (0..<numLayers).map { whole.select(0, $0) }
    }

    /// Bytes of one block of all layers.
    public static func blockBytes(numLayers: Int, numKeyValueHeads: Int, headDim: Int, dtype: DType) -> Int {
        numLayers * 2 * numKeyValueHeads * blockSize * ((headDim + 15) / 16 * 16) * dtype.byteCount
    }

    /// Rotates q [T, H · d] and k [T, K · d] by fp32 cos and sin [T, d], writes k and v into the blocks of `layer` and
    /// attends causally: [T, H · d].
    public func attend(
        layer: Int, q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor, batch: PagedBatch, scale: Double
    ) -> Tensor {
        batch.withDescription { description in
            Tensor(
                ct_paged_attention(
                    q.handle, k.handle, v.handle, cos.handle, sin.handle, layers[layer].handle, Int64(headDim),
                    description, scale))
        }
    }

    /// Copies whole blocks.
    public func copy(_ pairs: [(from: Int32, to: Int32)]) {
        _ = ct_paged_copy(whole.handle, pairs.map(\.from), pairs.map(\.to), Int32(pairs.count))
    }
}

/// The sequences of one pass over a paged cache.
public struct PagedBatch: Sendable, Equatable {
    /// First row of each sequence and the total.
    public private(set) var offsets: [Int32] = [0]
    /// Positions of each sequence, those of this pass included.
    public private(set) var lengths: [Int32] = []
    private var flat: [Int32] = []
    private var stride: Int32 = 0

    /// - Parameter sequences: rows in this pass, positions with them, and the blocks that hold those.
    public init(_ sequences: [(numRows: Int, length: Int, table: [Int32])]) {
        let widest = sequences.map(\.table.count).max() ?? 0
        stride = Int32(widest)
        for sequence in sequences {
            offsets.append((offsets.last ?? 0) + Int32(sequence.numRows))
            lengths.append(Int32(sequence.length))
            flat += sequence.table + Array(repeating: -1, count: widest - sequence.table.count)
        }
    }

    func withDescription<Result>(_ body: (UnsafePointer<ct_paged_batch>) -> Result) -> Result {
        offsets.withUnsafeBufferPointer { offsets in
            lengths.withUnsafeBufferPointer { lengths in
                flat.withUnsafeBufferPointer { tables in
                    // An empty batch has no addresses, and no rows to attend.
                    let none = offsets.baseAddress!
                    var description = ct_paged_batch(
                        num_sequences: Int32(lengths.count), table_stride: stride, offsets: none,
                        lengths: lengths.baseAddress ?? none, tables: tables.baseAddress ?? none)
                    return body(&description)
                }
            }
        }
    }
}
