extension JSONScanner {
    /// A number, true, false or null; there is a next byte.
    mutating func readScalar() throws(JSONError) -> JSONValue {
        switch bytes[offset] {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try readNumber()
        default: try readWord()
        }
    }

    /// A number, by the grammar of RFC 8259; the next byte is a minus or a digit.
    private mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = offset
        var isWhole = true
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        let firstDigit = offset
        var magnitude: UInt64 = 0
        while offset < bytes.count, case let digit = bytes[offset] &- UInt8(ascii: "0"), digit < 10 {
            magnitude = magnitude &* 10 &+ UInt64(digit)
            offset += 1
        }
        let numDigits = offset - firstDigit
        var isNumber = numDigits == 1 || (numDigits > 1 && bytes[firstDigit] != UInt8(ascii: "0"))
        if isNumber, offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            isWhole = false
            isNumber = skipDigits() > 0
        }
        if isNumber, offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            isWhole = false
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") {
                offset += 1
            }
            isNumber = skipDigits() > 0
        }
        if offset < bytes.count, Self.isWordByte(bytes[offset]) { isNumber = false }
        guard isNumber else { return try unusualNumber(from: start) }
        let isNegative = firstDigit > start
        // 18 digits never overflow.
        if isWhole, numDigits <= 18 { return .int(isNegative ? -Int(magnitude) : Int(magnitude)) }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<offset]), as: UTF8.self)
        if isWhole { return Int(text).map(JSONValue.int) ?? .largeInt(text) }
        let value = Double(text) ?? .nan
        guard value.isFinite || dialect == .python else {
            offset = start
            throw failure(.number(text))
        }
        return .double(value)
    }

    private mutating func skipDigits() -> Int {
        let start = offset
        while offset < bytes.count, bytes[offset] &- UInt8(ascii: "0") < 10 { offset += 1 }
        return offset - start
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Minus infinity, or a failure with the whole word.
    private mutating func unusualNumber(from start: Int) throws(JSONError) -> JSONValue {
        offset = start
        while offset < bytes.count, Self.isWordByte(bytes[offset]) { offset += 1 }
        let word = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<offset]), as: UTF8.self)
        if word == "-Infinity", dialect == .python { return .double(-.infinity) }
        offset = start
        throw failure(.number(word))
    }

    /// true, false, null, and in Python's dialect NaN and Infinity.
    private mutating func readWord() throws(JSONError) -> JSONValue {
        if take("true") { return .bool(true) }
        if take("false") { return .bool(false) }
        if take("null") { return .null }
        if dialect == .python {
            if take("NaN") { return .double(.nan) }
            if take("Infinity") { return .double(.infinity) }
        }
        throw failure(mistakenWord())
    }

    /// Steps over a word if it comes next and ends there.
    private mutating func take(_ word: StaticString) -> Bool {
        guard starts(with: word) else { return false }
        let end = offset + word.utf8CodeUnitCount
        if end < bytes.count, Self.isWordByte(bytes[end]) { return false }
        offset = end
        return true
    }

    private func mistakenWord() -> JSONError.Kind {
        for word: StaticString in ["None", "True", "False", "NaN", "nan", "Infinity"] where starts(with: word) {
            return .foreignWord(word.description)
        }
        for mark: StaticString in ["//", "/*", "#"] where starts(with: mark) { return .comment }
        switch bytes[offset] {
        case UInt8(ascii: "'"): return .singleQuotes
        case UInt8(ascii: ","): return .extraComma
        case UInt8(ascii: "]"): return .missingValue(closing: "]")
        case UInt8(ascii: "}"): return .missingValue(closing: "}")
        default: return .notAValue(upcoming())
        }
    }

    private func starts(with word: StaticString) -> Bool {
        guard offset + word.utf8CodeUnitCount <= bytes.count else { return false }
        for index in 0..<word.utf8CodeUnitCount where bytes[offset + index] != word.utf8Start[index] { return false }
        return true
    }
}
