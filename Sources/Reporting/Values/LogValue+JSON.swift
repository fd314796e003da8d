extension LogValue {
    /// The value as Python's `json.dumps(value, indent=indent, sort_keys=sortedKeys)` writes it, character for character:
    /// floats as `repr` (1e-05), NaN and Infinity as such, everything outside ASCII escaped.
    public func json(indent: Int? = nil, sortedKeys: Bool = false) -> String {
        var text = ""
        write(into: &text, indent: indent, sortedKeys: sortedKeys, depth: 0)
        return text
    }

    private func write(into text: inout String, indent: Int?, sortedKeys: Bool, depth: Int) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .double(let value):
            text += value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : Python.repr(value)
        case .string(let value): Self.writeQuoted(value, into: &text)
        case .array(let values):
            Self.writeItems(values, brackets: ("[", "]"), into: &text, indent: indent, depth: depth) { value, text in
                value.write(into: &text, indent: indent, sortedKeys: sortedKeys, depth: depth + 1)
            }
        case .object(let record):
            let entries = sortedKeys ? record.sorted : record.entries
            Self.writeItems(entries, brackets: ("{", "}"), into: &text, indent: indent, depth: depth) { entry, text in
                Self.writeQuoted(entry.key, into: &text)
                text += ": "
                entry.value.write(into: &text, indent: indent, sortedKeys: sortedKeys, depth: depth + 1)
            }
        }
    }

    private static func writeItems<Item>(
        _ items: [Item], brackets: (String, String), into text: inout String, indent: Int?, depth: Int,
        _ writeItem: (Item, inout String) -> Void
    ) {
        text += brackets.0
        for (index, item) in items.enumerated() {
            if index > 0 { text += indent == nil ? ", " : "," }
            if let indent { text += "\n" + String(repeating: " ", count: indent * (depth + 1)) }
            writeItem(item, &text)
        }
        if let indent, !items.isEmpty { text += "\n" + String(repeating: " ", count: indent * depth) }
        text += brackets.1
    }

    private static func writeQuoted(_ value: String, into text: inout String) {
        text += "\""
        for unit in value.utf16 {
            switch unit {
            case 0x22: text += "\\\""
            case 0x5C: text += "\\\\"
            case 0x0A: text += "\\n"
            case 0x0D: text += "\\r"
            case 0x09: text += "\\t"
            case 0x08: text += "\\b"
            case 0x0C: text += "\\f"
            case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        text += "\""
    }
}
