public import JSON

/// Tool calls as `<invoke>` and `<parameter>` tags (MiniMax M2).
///
/// As LLaMA-Factory's, `write` leaves the outer `<minimax:tool_call>` tags to the data while `calls` wants them.
public struct MiniMax2ToolFormat: ToolFormat {
    public let name = "minimax2"
    private let parameters = TaggedParameters(open: "\n<parameter name=\"", separator: "\">", close: "</parameter>")

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        """


        # Tools

        You may call one or more tools to assist with the user query.
        Here are the tools available in JSONSchema format:

        <tools>
        \(tools.map { "<tool>\($0.bareTool.text())</tool>\n" }.joined())</tools>

        When making tool calls, use XML format to invoke tools and pass parameters:

        <minimax:tool_call>
        <invoke name="tool-name-1">
        <parameter name="param-key-1">param-value-1</parameter>
        <parameter name="param-key-2">param-value-2</parameter>
        ...
        </invoke>
        </minimax:tool_call>
        """
    }

    public func write(_ calls: [FunctionCall]) -> String {
        calls.map { "<invoke name=\"\($0.name)\">\(parameters.write($0.arguments))\n</invoke>" }.joined(separator: "\n")
    }

    public var jinjaCalls: String? {
        JinjaToolMacros.list(
            "{{ '<invoke name=\"' + call['name'] + '\">' + \(parameters.jinja) + '\\n</invoke>' }}", separator: "\n")
    }

    public func calls(in answer: String) -> [FunctionCall]? {
        guard let block = answer.enclosed("<minimax:tool_call>", "</minimax:tool_call>") else { return nil }
        var calls: [FunctionCall] = []
        var start = block.inner.startIndex
        while let name = block.inner.enclosed("<invoke name=\"", "\">", from: start),
            let end = block.inner.bytesRange(of: "</invoke>", from: name.range.upperBound)
        {
            let arguments = parameters.read(
                String(block.inner[name.range.upperBound..<end.lowerBound]), open: "<parameter name=\"", middle: "\">",
                close: "</parameter>")
            calls.append(FunctionCall(name: name.inner.stripped, arguments: arguments))
            start = end.upperBound
        }
        return calls.isEmpty ? nil : calls
    }
}
