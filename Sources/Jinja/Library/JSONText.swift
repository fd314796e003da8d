import JSON

/// Python's `json.dumps` with the arguments that transformers' `tojson` has.
struct JSONText {
    var escapesNonASCII = false
    /// What one level is indented by; nil for all on one line.
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
    let renderer: Renderer

    func text(of value: Value) throws -> String {
        var output = ""
        try write(value, depth: 0, &output)
        return output
    }

    private func write(_ value: Value, depth: Int, _ output: inout String) throws {
        try renderer.step()
        switch value {
        case .none: output += "null"
        case .bool(let flag): output += flag ? "true" : "false"
        case .int(let number): output += String(number)
        case .largeInt(let digits): output += digits
        case .double(let number): output += Self.text(of: number)
        case .string(let text):
            try renderer.allocate(text.utf8.count)
            output += quoted(text)
        case .sequence(let sequence) where sequence.kind == .list || sequence.kind == .tuple:
            try writeItems(sequence.items, "[", "]", depth, &output) { try write($0, depth: depth + 1, &$1) }
        case .dict(let dict):
            var members = try dict.pairs.map { (key: try key($0), value: $1) }
            if sortsKeys { members.sort { $0.key.precedes($1.key) } }
            try writeItems(members, "{", "}", depth, &output) { member, output in
                try renderer.allocate(member.key.utf8.count)
                output += quoted(member.key) + keySeparator
                try write(member.value, depth: depth + 1, &output)
            }
        case .undefined(let undefined):
            throw JinjaError("tojson: \(undefined.message) (an undefined value is not JSON serializable)")
        default: throw JinjaError("Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private func writeItems<Item>(
        _ items: [Item], _ open: String, _ close: String, _ depth: Int, _ output: inout String,
        _ write: (Item, inout String) throws -> Void
    ) throws {
        output += open
        guard !items.isEmpty else {
            output += close
            return
        }
        try renderer.allocateCopies(items.count + 1, of: 4 + (indent?.utf8.count ?? 0) * (depth + 1))
        let line = indent.map { "\n" + String(repeating: $0, count: depth + 1) } ?? ""
        for (index, item) in items.enumerated() {
            if index > 0 { output += itemSeparator }
            output += line
            try write(item, &output)
        }
        if let indent { output += "\n" + String(repeating: indent, count: depth) }
        output += close
    }

    private func key(_ value: Value) throws -> String {
        switch value {
        case .string(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .double(let number): return Self.text(of: number)
        case .none: return "null"
        default: throw JinjaError("keys must be str, int, float, bool or None, not \(value.typeName)")
        }
    }

    private static func text(of number: Double) -> String {
        number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : number.pythonText
    }

    private func quoted(_ text: String) -> String { JSONValue.string(text).text(escapesNonASCII: escapesNonASCII) }
}
