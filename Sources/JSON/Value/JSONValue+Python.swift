extension JSONValue {
    /// What Python's `str()` gives for the value that `json.loads` makes of this.
    public var pythonText: String {
        if case .string(let text) = self { text } else { pythonLiteral }
    }

    /// What Python's `repr()` gives.
    private var pythonLiteral: String {
        switch self {
        case .null: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .int(let value): return String(value)
        case .largeInt(let digits): return digits
        case .double(let value): return value.pythonText
        case .string(let text): return Self.pythonLiteral(text)
        case .array(let items): return "[\(items.map(\.pythonLiteral).joined(separator: ", "))]"
        case .object(let members):
            let parts = members.map { "\(Self.pythonLiteral($0.key)): \($0.value.pythonLiteral)" }
            return "{\(parts.joined(separator: ", "))}"
        }
    }

    private static func pythonLiteral(_ text: String) -> String {
        let quote: Unicode.Scalar =
            text.unicodeScalars.contains("'") && !text.unicodeScalars.contains("\"") ? "\"" : "'"
        var output = String(Character(quote))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": output += "\\\\"
            case quote: output += "\\" + String(Character(quote))
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case " ": output += " "
            default:
                if isPrintable(scalar) {
                    output.unicodeScalars.append(scalar)
                } else {
                    output += escape(scalar.value)
                }
            }
        }
        return output + String(Character(quote))
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }

    private static func escape(_ point: UInt32) -> String {
        let (mark, width) = point < 0x100 ? ("\\x", 2) : point < 0x10000 ? ("\\u", 4) : ("\\U", 8)
        let digits = String(point, radix: 16)
        return mark + String(repeating: "0", count: width - digits.count) + digits
    }
}
