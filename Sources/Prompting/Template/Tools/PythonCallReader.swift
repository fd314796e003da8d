import JSON

/// Reads calls as Python writes them, `[f(a=1, b="x"), g()]`, with literals of Python or JSON as values.
struct PythonCallReader {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// One call or a list of them; nil when the text is anything else.
    mutating func calls() -> [FunctionCall]? {
        var calls: [FunctionCall] = []
        if take("[") {
            while !take("]") {
                guard let call = call() else { return nil }
                calls.append(call)
                if take(",") { continue }
                guard take("]") else { return nil }
                break
            }
        } else {
            guard let call = call() else { return nil }
            calls = [call]
        }
        skipSpace()
        return position == bytes.count ? calls : nil
    }

    private mutating func call() -> FunctionCall? {
        guard let name = word(), take("(") else { return nil }
        var arguments: [JSONMember] = []
        while !take(")") {
            guard let key = word(), take("="), let value = value() else { return nil }
            arguments.append(JSONMember(key, value))
            if take(",") { continue }
            guard take(")") else { return nil }
            break
        }
        return FunctionCall(name: name, arguments: .object(arguments))
    }

    private mutating func value() -> JSONValue? {
        skipSpace()
        depth += 1
        defer { depth -= 1 }
        guard position < bytes.count, depth < 100 else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return string().map(JSONValue.string)
        case UInt8(ascii: "["): return list()
        case UInt8(ascii: "{"): return object()
        default: break
        }
        if let word = word() {
            switch word {
            case "true", "True": return true
            case "false", "False": return false
            case "null", "None": return .null
            default: return nil
            }
        }
        let start = position
        while position < bytes.count, "+-.eE0123456789".utf8.contains(bytes[position]) { position += 1 }
        return try? JSONValue(parsing: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func list() -> JSONValue? {
        guard take("[") else { return nil }
        var items: [JSONValue] = []
        while !take("]") {
            guard let item = value() else { return nil }
            items.append(item)
            if take(",") { continue }
            guard take("]") else { return nil }
            break
        }
        return .array(items)
    }

    private mutating func object() -> JSONValue? {
        guard take("{") else { return nil }
        var members: [JSONMember] = []
        while !take("}") {
            skipSpace()
            guard let key = string(), take(":"), let value = value() else { return nil }
            members.append(JSONMember(key, value))
            if take(",") { continue }
            guard take("}") else { return nil }
            break
        }
        return .object(members)
    }

    /// A string in single or double quotes with the escapes both languages have.
    private mutating func string() -> String? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
        else { return nil }
        let quote = bytes[position]
        position += 1
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == quote { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\n") { return nil }
            guard byte == UInt8(ascii: "\\"), position < bytes.count else {
                text.append(byte)
                continue
            }
            let escaped = bytes[position]
            position += 1
            switch escaped {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): text.append(escaped)
            case UInt8(ascii: "u"):
                guard position + 4 <= bytes.count,
                    let point = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
                    let scalar = Unicode.Scalar(point)
                else { return nil }
                position += 4
                text += Array(String(Character(scalar)).utf8)
            default: text += [UInt8(ascii: "\\"), escaped]
            }
        }
        return nil
    }

    private mutating func word() -> String? {
        skipSpace()
        let start = position
        while position < bytes.count, isWord(bytes[position], first: position == start) { position += 1 }
        return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
    }

    private func isWord(_ byte: UInt8, first: Bool) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte >= 0x80
            || (!first && (0x30...0x39).contains(byte))
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }
}
