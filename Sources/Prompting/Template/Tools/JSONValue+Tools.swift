import JSON

extension JSONValue {
    /// A tool wrapped as OpenAI's API wants it.
    var wrappedTool: JSONValue {
        if self["type"] == .string("function") { return self }
        return .object([JSONMember("type", .string("function")), JSONMember("function", self)])
    }

    /// A tool without OpenAI's wrapper.
    var bareTool: JSONValue {
        self["type"] == .string("function") ? self["function"] ?? .null : self
    }
}
