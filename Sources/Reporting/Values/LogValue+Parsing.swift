extension LogValue {
    /// Reads JSON as Python's `json.loads` does: NaN, Infinity and -Infinity are numbers, `1` and `1.0` differ, the last
    /// of repeated keys wins.
    /// - Parameter path: the file's name, for error messages.
    public init(json bytes: [UInt8], path: String) throws(ReportingError) {
        var reader = JSONReader(bytes: bytes, path: path)
        self = try reader.document()
    }
}

/// A small recursive JSON reader with a depth limit: hostile input ends in an error, not in a stack overflow.
private struct JSONReader {
    let bytes: [UInt8]
    let path: String
    var position = 0

    private static let maxDepth = 128

    mutating func document() throws(ReportingError) -> LogValue {
        let result = try value(depth: 0)
        skipSpace()
        if position < bytes.count { throw failure("there is text after the end of the JSON value") }
        return result
    }

    private mutating func value(depth: Int) throws(ReportingError) -> LogValue {
        if depth > Self.maxDepth { throw failure("brackets are nested more than \(Self.maxDepth) deep") }
        skipSpace()
        guard position < bytes.count else { throw failure("the text ends where a value should stand") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object(try record(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        default: return try word()
        }
    }

    private mutating func record(depth: Int) throws(ReportingError) -> LogRecord {
        var record = LogRecord()
        position += 1
        if take("}") { return record }
        repeat {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw failure("a key should stand here")
            }
            let key = try string()
            guard take(":") else { throw failure("a ':' should follow the key \"\(key)\"") }
            record[key] = try value(depth: depth + 1)
        } while take(",")
        guard take("}") else { throw failure("a ',' or '}' should stand here") }
        return record
    }

    private mutating func array(depth: Int) throws(ReportingError) -> [LogValue] {
        var values: [LogValue] = []
        position += 1
        if take("]") { return values }
        repeat { values.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw failure("a ',' or ']' should stand here") }
        return values
    }

    private mutating func string() throws(ReportingError) -> String {
        var units: [UInt8] = []
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"): try units.append(contentsOf: escape())
            default: units.append(byte)
            }
        }
        throw failure("a string does not end")
    }

    private mutating func escape() throws(ReportingError) -> [UInt8] {
        guard position < bytes.count else { throw failure("a string does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "u"):
            var units = [try hexUnit()]
            if UTF16.isLeadSurrogate(units[0]), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                units.append(try hexUnit())
            }
            return Array(String(decoding: units, as: UTF16.self).utf8)
        default: throw failure("'\\\(Character(Unicode.Scalar(byte)))' is not an escape JSON knows")
        }
    }

    private mutating func hexUnit() throws(ReportingError) -> UInt16 {
        guard position + 4 <= bytes.count,
            let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits should follow \\u") }
        position += 4
        return unit
    }

    private mutating func word() throws(ReportingError) -> LogValue {
        let start = position
        let ends: Set<UInt8> = Set(" \t\r\n,]}:[{\"".utf8)
        while position < bytes.count, !ends.contains(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        switch text {
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "NaN": return .double(.nan)
        case "Infinity": return .double(.infinity)
        case "-Infinity": return .double(-.infinity)
        default: break
        }
        // Swift's conversions also accept "+1", "0x1p3", "nan": only JSON's own characters may pass.
        if text.utf8.allSatisfy({ Self.numberBytes.contains($0) }), !text.hasPrefix("+") {
            if let value = Int(text) { return .int(value) }
            if let value = Double(text) { return .double(value) }
        }
        position = start
        throw failure("'\(text.prefix(40))' is not a JSON value")
    }

    private static let numberBytes = Set("0123456789+-.eE".utf8)

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Character) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
        position += 1
        return true
    }

    private func failure(_ what: String) -> ReportingError {
        let line = 1 + bytes[..<min(position, bytes.count)].count { $0 == 0x0A }
        return ReportingError(.content, path: path, "line \(line): \(what).")
    }
}
