extension JSONScanner {
    /// Reads the text whose opening quote is the next byte.
    mutating func string() throws(Failure) -> String {
        let quote = offset
        advance()
        let start = offset
        var index = start
        let count = bytes.count
        while index < count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                move(to: index + 1)
                let content = UnsafeBufferPointer(rebasing: bytes[start..<index])
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw Failure(offset: start, message: "the text is not UTF-8: save the file as UTF-8")
                }
                return text
            }
            if byte == UInt8(ascii: "\\") {
                return try stringWithEscapes(quote: quote, start: start, firstEscape: index)
            }
            if byte < 0x20 { throw Self.controlCharacter(byte, at: index) }
            index += 1
        }
        throw Failure(offset: quote, message: "the text that starts here has no closing quote: the file is truncated")
    }

    private static func controlCharacter(_ byte: UInt8, at offset: Int) -> Failure {
        let remedy =
            byte == 0x0A || byte == 0x0D
            ? "a line end inside text: write \\n" : "a control character inside text: write \\t or \\u00XX"
        return Failure(offset: offset, message: remedy)
    }

    private mutating func stringWithEscapes(quote: Int, start: Int, firstEscape: Int) throws(Failure) -> String {
        var content = [UInt8](bytes[start..<firstEscape])
        move(to: firstEscape)
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                advance()
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw Failure(offset: start, message: "the text is not UTF-8: save the file as UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                advance()
                try appendEscape(to: &content)
            case 0..<0x20: throw Self.controlCharacter(byte, at: offset)
            default:
                content.append(byte)
                advance()
            }
        }
        throw Failure(offset: quote, message: "the text that starts here has no closing quote: the file is truncated")
    }

    private mutating func appendEscape(to content: inout [UInt8]) throws(Failure) {
        guard let byte = peek else { throw failure("the file ends within text: it is truncated") }
        let plain: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = byte
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "u"):
            let scalar = try unicodeEscape()
            content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            return
        default:
            let text = Character(UnicodeScalar(byte))
            throw failure("\\\(text) is not an escape of JSON: write \\\\ for a backslash")
        }
        content.append(plain)
        advance()
    }

    /// Reads `uXXXX`, and the second half of a surrogate pair.
    private mutating func unicodeEscape() throws(Failure) -> UnicodeScalar {
        let start = offset - 1
        let first = try hexDigits()
        if let scalar = UnicodeScalar(first) { return scalar }
        if first < 0xDC00, peek == UInt8(ascii: "\\"), offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "u")
        {
            advance()
            let second = try hexDigits()
            if (0xDC00...0xDFFF).contains(second),
                let scalar = UnicodeScalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw Failure(
            offset: start, message: "half of a surrogate pair (\\u\(String(first, radix: 16))) stands alone: remove it")
    }

    private mutating func hexDigits() throws(Failure) -> UInt32 {
        advance()
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
                throw failure("\\u needs four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            advance()
        }
        return value
    }
}
