public import JSON

/// Tool calls as lines of JSON between `<tool_calls>` tags (MiniMax M1).
public struct MiniMax1ToolFormat: ToolFormat {
    public let name = "minimax1"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        """
        You are provided with these tools:
        <tools>
        \(tools.map { $0.bareTool.text() + "\n" }.joined())</tools>

        If you need to call tools, please respond with <tool_calls></tool_calls> XML tags, and provide tool-name and \
        json-object of arguments, following the format below:
        <tool_calls>
        {"name": <tool-name-1>, "arguments": <args-json-object-1>}
        ...
        </tool_calls>
        """
    }

    public func write(_ calls: [FunctionCall]) -> String {
        "<tool_calls>\n\(calls.map { $0.object().text() }.joined(separator: "\n"))\n</tool_calls>"
    }

    public var jinjaCalls: String? {
        "{{ '<tool_calls>\\n' }}\(JinjaToolMacros.objects(separator: "\n")){{ '\\n</tool_calls>' }}"
    }

    /// Lines that are no JSON are passed over, as in LLaMA-Factory.
    public func calls(in answer: String) -> [FunctionCall]? {
        guard let block = answer.enclosed("<tool_calls>", "</tool_calls>"), !block.inner.stripped.isEmpty else {
            return nil
        }
        let calls = block.inner.split(separator: "\n").compactMap { line -> FunctionCall? in
            guard let value = try? JSONValue(parsing: String(line).stripped), let name = value["name"]?.stringValue,
                let arguments = value["arguments"]
            else { return nil }
            return FunctionCall(name: name, arguments: arguments)
        }
        return calls.isEmpty ? nil : calls
    }
}
