/// Text of strangers: control tokens that are written out in it must stay text, while those of the template around it work.
extension Tokenizer {
    /// Stands inside a word that must not be recognised: the last code point for private use, which no text has.
    static let guardMark: Unicode.Scalar = "\u{10FFFD}"
    private static let guardBytes = Array(String(Character(guardMark)).utf8)

    /// The text with a mark in every special token and every one of `words`, so that encoding a conversation takes them as
    /// plain text.
    ///
    /// - Parameter allowed: special tokens that keep their meaning.
    public func guarded(_ text: String, words: [String] = [], allowed: Set<String> = []) -> String {
        let tokens = (addedTokens.filter(\.isSpecial).map(\.content).filter { !allowed.contains($0) } + words)
            .map { Array($0.utf8) }.filter { !$0.isEmpty }
        let firsts = Set(tokens.compactMap(\.first))
        let bytes = Array(String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != Self.guardMark })).utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        for (index, byte) in bytes.enumerated() {
            if index > 0, bytes[index] & 0xC0 != 0x80, opens(bytes, at: index, tokens, firsts) {
                output += Self.guardBytes
            }
            output.append(byte)
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Whether a token begins with the character before `index`.
    private func opens(_ bytes: [UInt8], at index: Int, _ tokens: [[UInt8]], _ firsts: Set<UInt8>) -> Bool {
        var start = index - 1
        while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return firsts.contains(bytes[start])
            && tokens.contains { $0.count > index - start && bytes[start...].starts(with: $0) }
    }

    /// The ids of a text of which parts are guarded.
    func encode(guarded text: String, splitSpecialTokens: Bool) -> [Int32] {
        // The byte first: this runs on every text of a data set.
        guard text.utf8.contains(0xF4), text.unicodeScalars.contains(Self.guardMark) else {
            return encode(text, splitSpecialTokens: splitSpecialTokens)
        }
        // A mark says that no token may stretch over its place.
        var bytes: [UInt8] = [], plain: [Range<Int>] = []
        let marked = Array(text.utf8)
        var index = 0
        while index < marked.count {
            if marked[index...].starts(with: Self.guardBytes) {
                plain.append(max(0, bytes.count - 1)..<(bytes.count + 1))
                index += Self.guardBytes.count
            } else {
                bytes.append(marked[index])
                index += 1
            }
        }
        return encode(
            String(decoding: bytes, as: UTF8.self), splitSpecialTokens: splitSpecialTokens, plainRanges: plain)
    }
}
