/// The places in a text that no merge can reach across, because no token that merging makes holds the two neighbours.
///
/// Cutting there changes no token, so a document without any pre-tokenizing (Llama 2, Gemma) is encoded word by word
/// from the cache.
final class SafeCuts: @unchecked Sendable {  // Written only while the loader, its sole owner, fills it.
    /// One bit for each hashed pair that some merge joins; a false hit only forgoes a cut.
    private let bits: UnsafeMutablePointer<UInt64>
    private static let logBits: UInt64 = 18

    init() {
        bits = .allocate(capacity: 1 << Int(Self.logBits - 6))
        bits.initialize(repeating: 0, count: 1 << Int(Self.logBits - 6))
    }

    deinit { bits.deallocate() }

    @inline(__always)
    private static func place(_ left: Int, _ right: Int) -> (word: Int, bit: UInt64) {
        let key = UInt64(truncatingIfNeeded: left) &<< 21 | UInt64(truncatingIfNeeded: right)
        let hash = (key &* 0x9E37_79B9_7F4A_7C15) &>> (64 &- logBits)
        return (Int(truncatingIfNeeded: hash &>> 6), 1 &<< (hash & 63))
    }

    /// Notes the neighbours in a token that a merge makes.
    func add(_ token: UnsafeBufferPointer<UInt8>, isByteLevel: Bool) {
        guard let base = token.baseAddress else { return }
        var previous = -1
        var position = 0
        while position < token.count {
            let (point, length) =
                isByteLevel ? (Int(token[position]), 1) : CharacterClasses.codePoint(base, position)
            if previous >= 0 {
                let (word, bit) = Self.place(previous, point)
                bits[word] |= bit
            }
            previous = point
            position += length
        }
    }

    /// The end of the part of a piece that starts at `first`: the next place where it can be cut, or its end.
    @inline(__always)
    func next(_ bytes: UnsafePointer<UInt8>, after first: Int, count: Int, _ start: BytePairStart) -> Int {
        switch start {
        case .bytes:
            var position = first + 1
            while position < count {
                let (word, bit) = Self.place(Int(bytes[position - 1]), Int(bytes[position]))
                if bits[word] & bit == 0 { return position }
                position += 1
            }
        case .characters(let start):
            // Without byte tokens an unknown character may vanish or be fused, and its neighbours with it.
            let needsKnown = !start.isComplete
            var (previous, length) = CharacterClasses.codePoint(bytes, first)
            var position = first + length
            while position < count {
                let point: Int
                (point, length) = CharacterClasses.codePoint(bytes, position)
                let (word, bit) = Self.place(previous, point)
                if bits[word] & bit == 0,
                    !needsKnown || start.isKnownBelow(previous) && start.isKnownBelow(point)
                {
                    return position
                }
                previous = point
                position += length
            }
        }
        return count
    }
}
