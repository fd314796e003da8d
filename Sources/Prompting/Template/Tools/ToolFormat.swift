/// How a family writes the list of tools into the system text and calls into answers, and reads calls back.
public protocol ToolFormat: Sendable {
    /// The name that `tool_format` takes.
    var name: String { get }

    /// The text about the tools that follows the system text.
    ///
    /// - Parameters:
    ///   - tools: each tool as it stands in the data, either bare or wrapped in `{"type": "function", "function": …}`.
    ///   - date: today as `20 Nov 2026`, for formats that tell the model.
    func describe(_ tools: [JSONValue], date: String) throws(TemplateError) -> String

    /// The text of an answer that makes these calls.
    func write(_ calls: [FunctionCall]) -> String

    /// The calls in an answer, nil when it makes none: the inverse of `write`.
    func calls(in answer: String) -> [FunctionCall]?
}

/// One call of a tool.
public struct FunctionCall: Sendable, Hashable {
    public var name: String
    public var arguments: JSONValue

    public init(name: String, arguments: JSONValue) {
        self.name = name
        self.arguments = arguments
    }
}

/// All tool formats by name: one file and one line here each.
public enum ToolFormatCatalog {
    public static let all: [any ToolFormat] = [DefaultToolFormat(), Llama3ToolFormat(), QwenToolFormat()]

    /// The format with LLaMA-Factory's name `name`.
    public static func format(named name: String) throws(TemplateError) -> any ToolFormat {
        if let format = all.first(where: { $0.name == name }) { return format }
        throw TemplateError(
            "tool_format: \(name) does not exist. Known formats: \(all.map(\.name).joined(separator: ", "))")
    }
}

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
