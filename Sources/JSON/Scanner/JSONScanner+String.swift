extension JSONScanner {
    /// The bytes of the string that comes next, without its escapes; valid within `body` only.
    @inlinable @inline(__always)
    public mutating func withString<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        try expect(UInt8(ascii: "\""))
        let start = offset
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                offset = index + 1
                return try body(UnsafeBufferPointer(rebasing: bytes[start..<index]))
            }
            if byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            index += 1
        }
        offset = index
        try unescape(from: start)
        let text = unescaped
        // A typed error cannot leave `withUnsafeBufferPointer`, so it is carried out as a value.
        let result = text.withUnsafeBufferPointer { buffer -> Swift.Result<Result, JSONError> in
            do throws(JSONError) { return .success(try body(buffer)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// The string that comes next.
    public mutating func readString() throws(JSONError) -> String {
        let quote = offset
        let isStrict = dialect == .strict
        let text = try withString { bytes in
            isStrict ? String(validating: bytes, as: UTF8.self) : String(decoding: bytes, as: UTF8.self)
        }
        guard let text else { throw failure(.notUTF8, from: quote + 1) }
        return text
    }

    /// Reads the rest of a string that began at `start`, at the first byte that is not plain.
    @usableFromInline
    mutating func unescape(from start: Int) throws(JSONError) {
        unescaped.removeAll(keepingCapacity: true)
        unescaped.append(contentsOf: bytes[start..<offset])
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                offset += 1
                return
            }
            if byte < 0x20 { throw failure(.controlCharacter(byte)) }
            offset += 1
            if byte == UInt8(ascii: "\\") {
                try unescapeOne()
            } else {
                unescaped.append(byte)
            }
        }
        throw failure(.unfinished(.string), from: start - 1)
    }

    /// One escape, after its backslash.
    private mutating func unescapeOne() throws(JSONError) {
        guard offset < bytes.count else { throw failure(.unfinished(.escape)) }
        let escape = bytes[offset]
        offset += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(escape)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"): try unescapeUnicode()
        default: throw failure(.unknownEscape(Character(Unicode.Scalar(escape))), from: offset - 1)
        }
    }

    /// One `\uXXXX` or a surrogate pair of two.
    private mutating func unescapeUnicode() throws(JSONError) {
        let start = offset - 2
        var point = UInt32(try hexDigits())
        if 0xD800..<0xDC00 ~= point, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        {
            let back = offset
            offset += 2
            let low = UInt32(try hexDigits())
            if 0xDC00..<0xE000 ~= low {
                point = 0x10000 + (point - 0xD800) << 10 + (low - 0xDC00)
            } else {
                offset = back
            }
        }
        guard let scalar = Unicode.Scalar(point) else {
            if dialect == .strict { throw failure(.loneSurrogate(UInt16(truncatingIfNeeded: point)), from: start) }
            unescaped.append(contentsOf: "\u{FFFD}".utf8)
            return
        }
        unescaped.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func hexDigits() throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard offset < bytes.count, let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw failure(.hexDigits)
            }
            value = value << 4 | UInt16(digit)
            offset += 1
        }
        return value
    }
}
