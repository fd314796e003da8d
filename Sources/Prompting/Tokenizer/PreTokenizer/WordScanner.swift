/// The pre-tokenizer patterns of the GPT family as a hand-written scanner: linear time, no regular-expression engine.
///
/// It finds the same pieces as
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
/// with the differences that the properties name.
struct WordScanner: Sendable, Hashable {
    /// Digits one piece may hold.
    var maxDigits: Int
    /// GPT-2: words, numbers and symbols take one leading space and nothing else, lower-case contractions only, and
    /// line breaks are ordinary white space.
    var isGPT2 = false
    /// Marks (`\p{M}`) belong to words, as in Qwen3.5.
    var joinsMarks = false

    static let qwen2 = WordScanner(maxDigits: 1)
    static let qwen3_5 = WordScanner(maxDigits: 1, joinsMarks: true)
    static let llama3 = WordScanner(maxDigits: 3)
    static let gpt2 = WordScanner(maxDigits: .max, isGPT2: true)

    /// The end of the piece that starts at `start`; `end` is the end of the text, `start < end`.
    @inline(__always)
    func pieceEnd(
        _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, _ table: UnsafePointer<UInt8>
    ) -> Int {
        let wordBits = joinsMarks ? CharacterClasses.letter | CharacterClasses.mark : CharacterClasses.letter
        let taken = wordBits | CharacterClasses.number | CharacterClasses.space
        let (first, firstLength) = CharacterClasses.decode(bytes, start, table)

        if first & wordBits != 0 {
            return runEnd(bytes, from: start + firstLength, to: end, table, matching: wordBits)
        }
        if bytes[start] == UInt8(ascii: "'"), let after = contractionEnd(bytes, from: start, to: end) { return after }
        if first & CharacterClasses.number != 0 {
            return digitsEnd(bytes, from: start + firstLength, to: end, table, taken: 1)
        }
        let next = start + firstLength
        let isSpace = bytes[start] == UInt8(ascii: " ")
        if next < end, isGPT2 ? isSpace : first & CharacterClasses.newline == 0 {
            // One blank or symbol before a word belongs to it; one space before symbols too.
            let (second, secondLength) = CharacterClasses.decode(bytes, next, table)
            if second & wordBits != 0 {
                return runEnd(bytes, from: next + secondLength, to: end, table, matching: wordBits)
            }
            if isSpace {
                if isGPT2, second & CharacterClasses.number != 0 {
                    return digitsEnd(bytes, from: next + secondLength, to: end, table, taken: 1)
                }
                if second & taken == 0 {
                    return symbolsEnd(bytes, from: next + secondLength, to: end, table, taken: taken)
                }
            }
        }
        if first & taken == 0 { return symbolsEnd(bytes, from: next, to: end, table, taken: taken) }
        return spacesEnd(bytes, from: start, to: end, table)
    }

    @inline(__always)
    private func runEnd(
        _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, _ table: UnsafePointer<UInt8>, matching bits: UInt8
    ) -> Int {
        var position = start
        while position < end {
            let (found, length) = CharacterClasses.decode(bytes, position, table)
            if found & bits == 0 { break }
            position += length
        }
        return position
    }

    private func digitsEnd(
        _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, _ table: UnsafePointer<UInt8>, taken: Int
    ) -> Int {
        var position = start
        var count = taken
        while position < end, count < maxDigits {
            let (found, length) = CharacterClasses.decode(bytes, position, table)
            if found & CharacterClasses.number == 0 { break }
            position += length
            count += 1
        }
        return position
    }

    /// Symbols, then line breaks.
    private func symbolsEnd(
        _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, _ table: UnsafePointer<UInt8>, taken: UInt8
    ) -> Int {
        var position = start
        while position < end {
            let (found, length) = CharacterClasses.decode(bytes, position, table)
            if found & taken != 0 { break }
            position += length
        }
        if isGPT2 { return position }
        while position < end, bytes[position] == 0x0A || bytes[position] == 0x0D { position += 1 }
        return position
    }

    /// White space: up to the last line break of the run if it has one, else all but the last character unless the
    /// text ends there.
    private func spacesEnd(
        _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, _ table: UnsafePointer<UInt8>
    ) -> Int {
        var position = start
        var lastStart = start
        var afterNewline = start
        while position < end {
            let (found, length) = CharacterClasses.decode(bytes, position, table)
            if found & CharacterClasses.space == 0 { break }
            lastStart = position
            position += length
            if found & CharacterClasses.newline != 0 { afterNewline = position }
        }
        if !isGPT2, afterNewline > start { return afterNewline }
        if position == end || lastStart == start { return position }
        return lastStart
    }

    /// The end of `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` or `'ll` at `start`.
    private func contractionEnd(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int? {
        guard start + 1 < end else { return nil }
        let lower: UInt8 = isGPT2 ? 0 : 0x20
        let first = bytes[start + 1] | lower
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
            guard start + 2 < end else { return nil }
            let second = bytes[start + 2] | lower
            return second == (first == UInt8(ascii: "l") ? first : UInt8(ascii: "e")) ? start + 3 : nil
        case 0xC5 | lower:
            // Long s (U+017F) is an s to a matcher that ignores case.
            guard !isGPT2, start + 2 < end, bytes[start + 1] == 0xC5, bytes[start + 2] == 0xBF else { return nil }
            return start + 3
        default:
            return nil
        }
    }
}
