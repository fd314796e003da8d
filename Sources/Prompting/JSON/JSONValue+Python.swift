extension JSONValue {
    /// What Python's `str()` gives for the value that `json.loads` makes of this.
    var pythonText: String {
        if case .string(let text) = self { text } else { pythonLiteral }
    }

    /// What Python's `repr()` gives.
    private var pythonLiteral: String {
        switch self {
        case .null: "None"
        case .bool(let value): value ? "True" : "False"
        case .number(let number): number.text
        case .string(let text):
            text.contains("'") && !text.contains("\"")
                ? "\"\(text)\"" : "'\(text.replacingBytes("\\", with: "\\\\").replacingBytes("'", with: "\\'"))'"
        case .array(let items): "[\(items.map(\.pythonLiteral).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.map { "\(JSONValue.string($0.key).pythonLiteral): \($0.value.pythonLiteral)" }.joined(separator: ", "))}"
        }
    }
}
