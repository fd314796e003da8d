public import JSON

/// The tool list as JSON between `<|tool|>` tags (Phi 4 mini).
///
/// The text of the list is passed through as it stands, even when the list is empty. Calls have no form of their own:
/// the template writes them in the default one.
public struct Phi4MiniToolFormat: ToolFormat {
    public let name = "phi4_mini"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        "<|tool|>\(JSONValue.array(tools).text())<|/tool|>"
    }

    public func describe(text: String, date: String) -> String { "<|tool|>\(text)<|/tool|>" }

    public func write(_ calls: [FunctionCall]) -> String { DefaultToolFormat().write(calls) }

    public var jinjaCalls: String? { DefaultToolFormat().jinjaCalls }

    public func calls(in answer: String) -> [FunctionCall]? { DefaultToolFormat().calls(in: answer) }
}
