extension JSONValue {
    /// The text Python's `json.dumps(value, ensure_ascii=False, indent=indent)` writes.
    public func text(indent: Int? = nil) -> String {
        var output = ""
        write(into: &output, indent: indent, depth: 0)
        return output
    }

    private func write(into output: inout String, indent: Int?, depth: Int) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .number(let number): output += number.text
        case .string(let text): Self.write(text, into: &output)
        case .array(let items):
            Self.writeList(items, "[", "]", into: &output, indent: indent, depth: depth) { item, output in
                item.write(into: &output, indent: indent, depth: depth + 1)
            }
        case .object(let members):
            Self.writeList(members, "{", "}", into: &output, indent: indent, depth: depth) { member, output in
                Self.write(member.key, into: &output)
                output += ": "
                member.value.write(into: &output, indent: indent, depth: depth + 1)
            }
        }
    }

    private static func writeList<Item>(
        _ items: [Item], _ open: String, _ close: String, into output: inout String, indent: Int?, depth: Int,
        _ writeItem: (Item, inout String) -> Void
    ) {
        output += open
        guard !items.isEmpty else {
            output += close
            return
        }
        let newline = indent.map { "\n" + String(repeating: " ", count: $0 * (depth + 1)) }
        for (index, item) in items.enumerated() {
            if index > 0 { output += newline == nil ? ", " : "," }
            output += newline ?? ""
            writeItem(item, &output)
        }
        if let indent { output += "\n" + String(repeating: " ", count: indent * depth) }
        output += close
    }

    private static func write(_ text: String, into output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{08}": output += "\\b"
            case "\u{0C}": output += "\\f"
            case "\u{00}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
