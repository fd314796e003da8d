public import JSON

/// Stands for a tool format of LLaMA-Factory that cannot be written here yet: text works, tools and calls are refused.
public struct UnsupportedToolFormat: ToolFormat {
    public let name: String

    public init(name: String) { self.name = name }

    private var error: TemplateError {
        TemplateError("tool format \(name) is not supported yet: take the tools out of the conversation")
    }

    public func describe(_ tools: [JSONValue], date: String) throws(TemplateError) -> String { throw error }

    public func write(_ calls: [FunctionCall]) throws(TemplateError) -> String { throw error }

    public func calls(in answer: String) -> [FunctionCall]? { nil }
}
