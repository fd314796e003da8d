public import JSON

/// Qwen's tool calls, with thinking turned off in words (Ling 2).
public struct LingToolFormat: ToolFormat {
    public let name = "ling"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        // Qwen's text without the blank line before it.
        QwenToolFormat().describe(tools, date: date).dropFirst(2) + "\ndetailed thinking off"
    }

    public func write(_ calls: [FunctionCall]) -> String { QwenToolFormat().write(calls) }

    public var jinjaCalls: String? { QwenToolFormat().jinjaCalls }

    public func calls(in answer: String) -> [FunctionCall]? { QwenToolFormat().calls(in: answer) }
}
