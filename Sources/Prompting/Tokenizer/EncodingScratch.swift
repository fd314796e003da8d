/// Memory one thread needs while it encodes: buffers for merging and a cache from recent pieces to their tokens.
final class EncodingScratch: @unchecked Sendable {  // Lent to one thread at a time by `ScratchPool`.
    /// A piece of at most 15 bytes that became at most three tokens.
    struct CachedPiece {
        var low: UInt64 = 0
        /// The last byte is the number of bytes, so that no piece equals the empty entry.
        var high: UInt64 = 0
        var first: Int32 = 0
        var second: Int32 = 0
        var third: Int32 = 0
        var numTokens: Int32 = 0
    }

    static let numCached = 1 << 15
    static let maxCachedBytes = 15

    let cache: UnsafeMutablePointer<CachedPiece>
    /// Tokens, ranks and results while a piece is merged; as long as the piece has bytes.
    private(set) var ids: UnsafeMutablePointer<Int32>
    private(set) var ranks: UnsafeMutablePointer<UInt32>
    private(set) var results: UnsafeMutablePointer<Int32>
    private(set) var capacity = 256

    init() {
        cache = .allocate(capacity: Self.numCached)
        cache.initialize(repeating: CachedPiece(), count: Self.numCached)
        ids = .allocate(capacity: capacity)
        ranks = .allocate(capacity: capacity)
        results = .allocate(capacity: capacity)
    }

    deinit {
        cache.deallocate()
        ids.deallocate()
        ranks.deallocate()
        results.deallocate()
    }
}
