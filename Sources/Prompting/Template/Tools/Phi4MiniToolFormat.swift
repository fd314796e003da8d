public import JSON

/// The tool list as JSON between `<|tool|>` tags (Phi 4 mini).
///
/// LLaMA-Factory passes the text of the list through as it stands; here it is written anew as Python's `json.dumps`
/// does. Calls have no form of their own: the template writes them in the default one.
public struct Phi4MiniToolFormat: ToolFormat {
    public let name = "phi4_mini"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        "<|tool|>\(JSONValue.array(tools).text())<|/tool|>"
    }

    public func write(_ calls: [FunctionCall]) -> String { DefaultToolFormat().write(calls) }

    public func calls(in answer: String) -> [FunctionCall]? { DefaultToolFormat().calls(in: answer) }
}
