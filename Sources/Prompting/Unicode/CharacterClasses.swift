/// What normalizers and added tokens need to know about a code point, one byte each, for all of Unicode.
///
/// The table equals what the parts of Hugging Face's `tokenizers` hold, not the Swift runtime, so that token ids agree
/// for every code point.
final class CharacterClasses: @unchecked Sendable {  // The memory is written in `init` only.
    /// Has a compatibility decomposition.
    static let compatible: UInt8 = 1
    /// Changes or moves under NFD.
    static let decomposing: UInt8 = 2
    /// White space that is neither CR nor LF.
    static let blank: UInt8 = 8
    /// CR or LF.
    static let newline: UInt8 = 16
    /// May change under NFC, or change together with what stands before it.
    static let unsettled: UInt8 = 32
    /// A letter, digit, mark or connector: what may not touch an added token that is a single word.
    static let word: UInt8 = 64
    static let space: UInt8 = blank | newline

    static let shared = CharacterClasses()

    /// Indexed by code point.
    let table: UnsafePointer<UInt8>

    private init() {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 0x110000)
        memory.initialize(repeating: 0, count: 0x110000)
        func mark(_ text: StaticString, _ bit: UInt8) {
            var numbers = PackedNumbers(text)
            numbers.forEachRange { range in
                for point in range { memory[point] |= bit }
            }
        }
        mark(UnicodeTables.words, Self.word)
        mark(CategoryTables.spaces, Self.blank)
        mark(UnicodeTables.unsettled, Self.unsettled)
        for point in [0x0A, 0x0D] { memory[point] = Self.newline }
        PackedNumbers.forEachMapping(CategoryTables.compatibility) { point, _ in memory[Int(point)] |= Self.compatible }
        var numbers = PackedNumbers(UnicodeTables.decompositions)
        var point = 0
        while let gap = numbers.next(), numbers.next() != nil, numbers.next() != nil {
            point += gap
            memory[point] |= Self.decomposing
        }
        for point in 0xAC00..<0xD7A4 { memory[point] |= Self.decomposing }
        numbers = PackedNumbers(UnicodeTables.combiningClasses)
        while numbers.next() != nil, let count = numbers.next() {
            numbers.forEachRange(count: count) { for point in $0 { memory[point] |= Self.decomposing } }
        }
        table = UnsafePointer(memory)
    }

    deinit { table.deallocate() }

    /// The class bits of the character that starts at `position` of valid UTF-8, and its number of bytes.
    @inline(__always)
    static func decode(
        _ bytes: UnsafePointer<UInt8>, _ position: Int, _ table: UnsafePointer<UInt8>
    ) -> (bits: UInt8, length: Int) {
        let first = bytes[position]
        if first < 0x80 { return (table[Int(first)], 1) }
        let (point, length) = codePoint(bytes, position)
        return (table[point], length)
    }

    /// The code point that starts at `position` of valid UTF-8, and its number of bytes.
    @inline(__always)
    static func codePoint(_ bytes: UnsafePointer<UInt8>, _ position: Int) -> (point: Int, length: Int) {
        let first = Int(bytes[position])
        if first < 0x80 { return (first, 1) }
        let second = Int(bytes[position + 1]) & 0x3F
        if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
        let third = Int(bytes[position + 2]) & 0x3F
        if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
        return ((first & 0x07) << 18 | second << 12 | third << 6 | Int(bytes[position + 3]) & 0x3F, 4)
    }
}
