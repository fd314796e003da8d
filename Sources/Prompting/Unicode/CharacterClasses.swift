/// What a pre-tokenizer and the normalizer need to know about a code point, one byte each, for all of Unicode.
///
/// The table equals the classes of the regular-expression engine in Hugging Face's `tokenizers`, not those of
/// the Swift runtime, so that token ids agree for every code point.
final class CharacterClasses: @unchecked Sendable {  // The memory is written in `init` only.
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let mark: UInt8 = 4
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
        mark(UnicodeTables.letters, Self.letter)
        mark(UnicodeTables.numbers, Self.number)
        mark(UnicodeTables.marks, Self.mark)
        mark(UnicodeTables.words, Self.word)
        mark(UnicodeTables.spaces, Self.blank)
        mark(UnicodeTables.unsettled, Self.unsettled)
        for point in [0x0A, 0x0D] { memory[point] = Self.newline }
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
