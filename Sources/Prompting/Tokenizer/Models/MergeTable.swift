/// The merges of a byte-pair model: two neighbouring tokens to their rank and the token they become.
final class MergeTable: @unchecked Sendable {  // Written only while the loader, its sole owner, fills it.
    struct Entry {
        /// Left id in the high half, right id in the low half.
        var key: UInt64
        var rank: UInt32
        var result: Int32
    }

    private static let emptyKey = UInt64.max
    static let noRank = UInt32.max

    private let entries: UnsafeMutablePointer<Entry>
    /// One bit for every hash that occurs: most pairs do not merge, and this small table says so from the near cache.
    private let filter: UnsafeMutablePointer<UInt64>
    private let shift: UInt64
    private let mask: Int
    private(set) var count = 0

    init(numMerges: Int) {
        var bits: UInt64 = 9
        while 1 << bits < numMerges + numMerges / 2 { bits += 1 }
        shift = 64 - bits
        mask = 1 << Int(bits) - 1
        filter = .allocate(capacity: 1 << Int(bits - 3))
        filter.initialize(repeating: 0, count: 1 << Int(bits - 3))
        entries = .allocate(capacity: 1 << Int(bits))
        entries.initialize(
            repeating: Entry(key: Self.emptyKey, rank: Self.noRank, result: -1), count: 1 << Int(bits))
    }

    deinit {
        entries.deallocate()
        filter.deallocate()
    }

    @inline(__always)
    private func hash(_ key: UInt64) -> UInt64 {
        ((key &* 0x9E37_79B9_7F4A_7C15) ^ (key >> 29)) &* 0xD6E8_FEB8_6659_FD93
    }

    /// The place of the key, or the free place where it belongs.
    @inline(__always)
    private func slot(_ key: UInt64, _ hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash &>> shift)
        while entries[slot].key != key, entries[slot].key != Self.emptyKey { slot = (slot &+ 1) & mask }
        return slot
    }

    /// The filter has eight bits for every place of the table.
    @inline(__always)
    private func filterBit(_ hash: UInt64) -> (word: Int, bit: UInt64) {
        let index = hash &>> (shift &- 3)
        return (Int(truncatingIfNeeded: index &>> 6), 1 &<< (index & 63))
    }

    /// Adds the merge of `left` and `right`; of equal pairs the last one counts, as in the library this matches.
    func add(left: Int32, right: Int32, rank: UInt32, result: Int32) {
        let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        let hash = hash(key)
        let slot = slot(key, hash)
        if entries[slot].key == Self.emptyKey { count += 1 }
        entries[slot] = Entry(key: key, rank: rank, result: result)
        let (word, bit) = filterBit(hash)
        filter[word] |= bit
    }

    /// Rank and result of merging two neighbours; `noRank` when they do not merge.
    @inline(__always)
    func find(_ left: Int32, _ right: Int32) -> (rank: UInt32, result: Int32) {
        let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        let hash = hash(key)
        let (word, bit) = filterBit(hash)
        guard filter[word] & bit != 0 else { return (Self.noRank, -1) }
        let entry = entries[slot(key, hash)]
        return (entry.rank, entry.result)
    }
}
