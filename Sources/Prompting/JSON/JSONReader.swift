/// Reads JSON from bytes in place: strings without escapes are never copied, and what is not wanted is skipped.
struct JSONReader {
    let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0
    /// Holds the last string that had escapes.
    private var unescaped: [UInt8] = []
    private static let maxDepth = 512

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    func failure(_ message: String) -> JSONError { JSONError(message: message, offset: position) }

    @inline(__always)
    private mutating func skipSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    /// The next byte that is not white space, nil at the end.
    @inline(__always)
    mutating func peek() -> UInt8? {
        skipSpace()
        return position < bytes.count ? bytes[position] : nil
    }

    @inline(__always)
    mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard peek() == byte else { throw failure("expected '\(Character(Unicode.Scalar(byte)))'") }
        position += 1
    }

    /// Steps over `byte` if it comes next.
    @inline(__always)
    mutating func skip(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    /// After an element: true when a comma and another one follow, false when `close` ends the list.
    @inline(__always)
    mutating func more(until close: UInt8) throws(JSONError) -> Bool {
        if skip(UInt8(ascii: ",")) {
            if peek() == close { throw failure("a comma stands before the end of the list: remove it") }
            return true
        }
        try expect(close)
        return false
    }

    /// The bytes of the string that comes next; valid until the next string is read.
    @inline(__always)
    mutating func withString<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        try expect(UInt8(ascii: "\""))
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let span = UnsafeBufferPointer(rebasing: bytes[start..<position])
                position += 1
                return try body(span)
            }
            if byte == UInt8(ascii: "\\") { break }
            if byte < 0x20 { throw failure("a control character stands in a string: escape it") }
            position += 1
        }
        guard position < bytes.count else { throw failure("a string is not closed") }
        try unescape(from: start)
        let text = unescaped
        // A typed error cannot leave `withUnsafeBufferPointer`, so it is carried out as a value.
        let result = text.withUnsafeBufferPointer { buffer -> Swift.Result<Result, JSONError> in
            do throws(JSONError) { return .success(try body(buffer)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    mutating func readString() throws(JSONError) -> String {
        try withString { bytes in String(decoding: bytes, as: UTF8.self) }
    }

    private mutating func unescape(from start: Int) throws(JSONError) {
        unescaped.removeAll(keepingCapacity: true)
        unescaped.append(contentsOf: bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return }
            if byte < 0x20 { throw failure("a control character stands in a string: escape it") }
            guard byte == UInt8(ascii: "\\") else {
                unescaped.append(byte)
                continue
            }
            guard position < bytes.count else { break }
            let escape = bytes[position]
            position += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(escape)
            case UInt8(ascii: "b"): unescaped.append(0x08)
            case UInt8(ascii: "f"): unescaped.append(0x0C)
            case UInt8(ascii: "n"): unescaped.append(0x0A)
            case UInt8(ascii: "r"): unescaped.append(0x0D)
            case UInt8(ascii: "t"): unescaped.append(0x09)
            case UInt8(ascii: "u"): try unescapeUnicode()
            default: throw failure("'\\\(Character(Unicode.Scalar(escape)))' is not an escape")
            }
        }
        throw failure("a string is not closed")
    }

    /// One `\uXXXX` or a surrogate pair of two; a surrogate without its other half becomes U+FFFD.
    private mutating func unescapeUnicode() throws(JSONError) {
        var point = try hexDigits()
        if 0xD800..<0xDC00 ~= point, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        {
            let back = position
            position += 2
            let low = try hexDigits()
            if 0xDC00..<0xE000 ~= low {
                point = 0x10000 + (point - 0xD800) << 10 + (low - 0xDC00)
            } else {
                position = back
            }
        }
        let scalar = Unicode.Scalar(point) ?? "\u{FFFD}"
        unescaped.append(contentsOf: Array(String(Character(scalar)).utf8))
    }

    private mutating func hexDigits() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("\\u wants four hexadecimal digits") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue, bytes[position] < 0x80 else {
                throw failure("\\u wants four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// A whole number that fits an id.
    @inline(__always)
    mutating func readID() throws(JSONError) -> Int32 {
        skipSpace()
        var value: Int64 = 0
        let start = position
        while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
            value = value * 10 + Int64(digit)
            position += 1
            if value > Int32.max { throw failure("the id is too large") }
        }
        guard position > start else { throw failure("expected an id, a whole number of at least 0") }
        return Int32(value)
    }

    /// Any value.
    mutating func readValue(depth: Int = 0) throws(JSONError) -> JSONValue {
        guard depth < Self.maxDepth else { throw failure("the JSON is nested too deeply") }
        switch peek() {
        case UInt8(ascii: "{"):
            position += 1
            return .object(try readMembers(depth: depth))
        case UInt8(ascii: "["):
            position += 1
            var items: [JSONValue] = []
            if skip(UInt8(ascii: "]")) { return .array(items) }
            repeat { items.append(try readValue(depth: depth + 1)) } while try more(until: UInt8(ascii: "]"))
            return .array(items)
        case UInt8(ascii: "\""): return .string(try readString())
        case nil: throw failure("the JSON ends too early")
        default: return try readWord()
        }
    }

    private mutating func readMembers(depth: Int) throws(JSONError) -> [JSONMember] {
        var members: [JSONMember] = []
        var places: [String: Int] = [:]
        if skip(UInt8(ascii: "}")) { return members }
        repeat {
            guard peek() == UInt8(ascii: "\"") else { throw failure("expected a key in double quotes") }
            let key = try readString()
            try expect(UInt8(ascii: ":"))
            let value = try readValue(depth: depth + 1)
            // As in Python, a repeated key keeps its first place and its last value.
            if let place = places[key] {
                members[place].value = value
            } else {
                places[key] = members.count
                members.append(JSONMember(key, value))
            }
        } while try more(until: UInt8(ascii: "}"))
        return members
    }

    private mutating func readWord() throws(JSONError) -> JSONValue {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            let isWordByte =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
            guard isWordByte else { break }
            position += 1
        }
        let word = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        default:
            guard let number = JSONNumber(word) else {
                position = start
                throw failure(word.isEmpty ? "expected a value" : "'\(word)' is not a value")
            }
            return .number(number)
        }
    }

    /// Steps over the value that comes next, checking no more than that strings and brackets close.
    mutating func skipValue() throws(JSONError) {
        var depth = 0
        repeat {
            switch peek() {
            case nil: throw failure("the JSON ends too early")
            case UInt8(ascii: "\""): try withString { (_) throws(JSONError) in }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"): position += 1
            default: _ = try readWord()
            }
        } while depth > 0
    }

    /// Fails unless only white space is left.
    mutating func expectEnd() throws(JSONError) {
        if peek() != nil { throw failure("extra text after the JSON") }
    }
}
