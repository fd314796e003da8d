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

    /// Where the tokens of a piece of at most `maxCachedBytes` bytes are kept, and what it is known by.
    struct Place {
        fileprivate let entry: UnsafeMutablePointer<CachedPiece>
        fileprivate let low: UInt64
        fileprivate let high: UInt64
    }

    @inline(__always)
    func place(_ bytes: UnsafePointer<UInt8>, count: Int) -> Place {
        let low = ByteHash.word(bytes, count: min(count, 8))
        let high = (count > 8 ? ByteHash.word(bytes + 8, count: count - 8) : 0) | UInt64(count) << 56
        let hash = ByteHash.mix(low ^ 0x9E37_79B9_7F4A_7C15, high ^ 0xE703_7ED1_A0B4_28DB)
        return Place(entry: cache + Int(truncatingIfNeeded: hash) & (Self.numCached - 1), low: low, high: high)
    }

    /// Appends the tokens found for a piece before and says whether there were any.
    @inline(__always)
    func append(_ place: Place, to output: inout [Int32]) -> Bool {
        let entry = place.entry
        guard entry.pointee.low == place.low, entry.pointee.high == place.high else { return false }
        output.append(entry.pointee.first)
        if entry.pointee.numTokens > 1 { output.append(entry.pointee.second) }
        if entry.pointee.numTokens > 2 { output.append(entry.pointee.third) }
        return true
    }

    /// Keeps the tokens of a piece, which are those of `output` from `start` on, unless they are too many.
    @inline(__always)
    func keep(_ place: Place, _ output: [Int32], from start: Int) {
        let numTokens = output.count - start
        guard (1...3).contains(numTokens) else { return }
        place.entry.pointee = CachedPiece(
            low: place.low, high: place.high, first: output[start], second: numTokens > 1 ? output[start + 1] : 0,
            third: numTokens > 2 ? output[start + 2] : 0, numTokens: Int32(numTokens))
    }

    /// The tokens of a piece, found before or by `search` now.
    @inline(__always)
    func encode(
        _ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32],
        search: (UnsafePointer<UInt8>, Int, inout [Int32]) -> Void
    ) {
        guard count <= Self.maxCachedBytes else { return search(bytes, count, &output) }
        let place = place(bytes, count: count)
        if append(place, to: &output) { return }
        let start = output.count
        search(bytes, count, &output)
        keep(place, output, from: start)
    }

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
