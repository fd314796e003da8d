/// SentencePiece's compiled table of character replacements: a double-array trie over bytes and the texts it points to.
struct SentencePieceCharsMap: Sendable {
    private let units: [UInt32]
    private let texts: [UInt8]

    /// Nil when the bytes are no such table.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 4 else { return nil }
        func word(_ place: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32($1 * 8) }
        }
        let size = Int(word(0))
        guard size > 0, size % 4 == 0, size <= bytes.count - 4 else { return nil }
        units = stride(from: 4, to: 4 + size, by: 4).map(word)
        texts = Array(bytes[(4 + size)...])
        guard String(validating: texts, as: UTF8.self) != nil else { return nil }
    }

    /// What stands for the shortest beginning of these bytes that has a replacement, nil when none has.
    private func replacement(_ bytes: UnsafeBufferPointer<UInt8>) -> ArraySlice<UInt8>? {
        func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & (1 << 9)) >> 6)) }
        var node = offset(units[0])
        for byte in bytes {
            guard byte != 0 else { break }
            node ^= Int(byte)
            guard node < units.count, units[node] & 0x8000_00FF == UInt32(byte) else { return nil }
            let unit = units[node]
            node ^= offset(unit)
            if unit >> 8 & 1 == 1 {
                guard node < units.count else { return nil }
                let start = Int(units[node] & 0x7FFF_FFFF)
                guard start <= texts.count else { return nil }
                return texts[start...].prefix { $0 != 0 }
            }
        }
        return nil
    }

    /// The text with its characters replaced, nil when none is.
    ///
    /// A grapheme of up to five bytes is looked up as a whole first, then character by character: the rule of
    /// `tokenizers`, whose authors found it in SentencePiece's results.
    func normalize(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var isChanged = false
        var position = 0
        while position < text.count {
            // A printable ASCII character before another is a grapheme of its own; most text is no more than that.
            var end = position
            while end < text.count, 0x20..<0x7F ~= text[end], end + 1 == text.count || text[end + 1] < 0x80 { end += 1 }
            for place in position..<end {
                write(text, place, place + 1, &result, &isChanged)
            }
            position = end
            guard position < text.count else { break }
            // From here to the next such place, graphemes need the rules of Unicode.
            end = position + 1
            while end < text.count, !(text[end] < 0x80 && text[end - 1] < 0x80 && text[end] != 0x0A) { end += 1 }
            let stretch = String(decoding: text[position..<end], as: UTF8.self)
            for character in stretch {
                let length = character.utf8.count
                grapheme(text, position, position + length, &result, &isChanged)
                position += length
            }
        }
        return isChanged ? result : nil
    }

    private func grapheme(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ result: inout [UInt8], _ isChanged: inout Bool
    ) {
        if end - start < 6, let found = replacement(UnsafeBufferPointer(rebasing: text[start..<end])) {
            result += found
            isChanged = true
            return
        }
        guard let base = text.baseAddress else { return }
        var position = start
        while position < end {
            let length = CharacterClasses.codePoint(base, position).length
            write(text, position, position + length, &result, &isChanged)
            position += length
        }
    }

    private func write(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ result: inout [UInt8], _ isChanged: inout Bool
    ) {
        let character = UnsafeBufferPointer(rebasing: text[start..<end])
        if let found = replacement(character) {
            result += found
            isChanged = true
        } else {
            result += character
        }
    }
}
