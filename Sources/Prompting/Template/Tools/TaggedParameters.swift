import JSON

/// Arguments as text between tags, one pair of tags each: what the XML-like tool formats share.
struct TaggedParameters {
    /// What stands before a parameter's name, after it, and after its value.
    var open: String
    var separator: String
    var close: String
    /// Whether a value that is no JSON loses white space at both ends when read back.
    var stripsText = false

    /// Strings stand bare, everything else as JSON.
    static func text(_ value: JSONValue) -> String { value.stringValue ?? value.text() }

    func write(_ arguments: JSONValue) -> String {
        (arguments.members ?? []).map { open + $0.key + separator + Self.text($0.value) + close }.joined()
    }

    /// The arguments between the tags; what can be read as JSON is JSON, so a string of digits comes back as a number.
    func read(_ text: String, open: String, middle: String, close: String) -> JSONValue {
        var members: [JSONMember] = []
        var start = text.startIndex
        while let name = text.enclosed(open, middle, from: start),
            let end = text.bytesRange(of: close, from: name.range.upperBound)
        {
            let raw = String(text[name.range.upperBound..<end.lowerBound])
            let value = (try? JSONValue(parsing: raw.stripped)) ?? .string(stripsText ? raw.stripped : raw)
            if let index = members.firstIndex(where: { $0.key == name.inner }) {
                members[index] = JSONMember(name.inner, value)
            } else {
                members.append(JSONMember(name.inner, value))
            }
            start = end.upperBound
        }
        return .object(members)
    }
}

extension FunctionCall {
    /// The call as an object, its arguments under `key`.
    func object(arguments key: String = "arguments") -> JSONValue {
        .object([JSONMember("name", .string(name)), JSONMember(key, arguments)])
    }
}
