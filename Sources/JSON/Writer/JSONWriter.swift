/// Writes values into bytes.
struct JSONWriter {
    let indent: Int?
    let sortsKeys: Bool
    let escapesNonASCII: Bool
    let numOpenLevels: Int
    private(set) var output: [UInt8] = []

    init(indent: Int?, sortsKeys: Bool, escapesNonASCII: Bool, numOpenLevels: Int) {
        self.indent = indent
        self.sortsKeys = sortsKeys
        self.escapesNonASCII = escapesNonASCII
        self.numOpenLevels = numOpenLevels
    }

    private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

    mutating func write(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .int(let value): append(String(value))
        case .largeInt(let digits): append(digits)
        case .double(let value):
            append(value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : value.pythonText)
        case .string(let text): write(text)
        case .array(let items): writeArray(items, depth: depth)
        case .object(let members): writeObject(members, depth: depth)
        }
    }

    private mutating func writeArray(_ items: [JSONValue], depth: Int) {
        append("[")
        for (index, item) in items.enumerated() {
            separate(isFirst: index == 0, depth: depth)
            write(item, depth: depth + 1)
        }
        close("]", isEmpty: items.isEmpty, depth: depth)
    }

    private mutating func writeObject(_ members: [JSONMember], depth: Int) {
        append("{")
        let members =
            sortsKeys ? members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } : members
        for (index, member) in members.enumerated() {
            separate(isFirst: index == 0, depth: depth)
            write(member.key)
            append(": ")
            write(member.value, depth: depth + 1)
        }
        close("}", isEmpty: members.isEmpty, depth: depth)
    }

    /// The indent of a level that is open.
    private func openIndent(_ depth: Int) -> Int? { depth < numOpenLevels ? indent : nil }

    private mutating func separate(isFirst: Bool, depth: Int) {
        guard let indent = openIndent(depth) else {
            if !isFirst { append(", ") }
            return
        }
        append(isFirst ? "\n" : ",\n")
        output.append(contentsOf: repeatElement(0x20, count: indent * (depth + 1)))
    }

    private mutating func close(_ bracket: String, isEmpty: Bool, depth: Int) {
        if let indent = openIndent(depth), !isEmpty {
            append("\n")
            output.append(contentsOf: repeatElement(0x20, count: indent * depth))
        }
        append(bracket)
    }

    private mutating func write(_ text: String) {
        output.append(UInt8(ascii: "\""))
        if escapesNonASCII {
            for unit in text.utf16 {
                if unit < 0x7F { write(UInt8(unit)) } else { writeUnit(unit) }
            }
        } else {
            for byte in text.utf8 { write(byte) }
        }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func write(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        case 0x08: append("\\b")
        case 0x0C: append("\\f")
        case 0..<0x20: writeUnit(UInt16(byte))
        default: output.append(byte)
        }
    }

    /// One UTF-16 unit as `\uXXXX`.
    private mutating func writeUnit(_ unit: UInt16) {
        let digits = String(unit, radix: 16)
        append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
}
