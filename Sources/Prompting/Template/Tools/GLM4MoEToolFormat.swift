public import JSON

/// Tool calls as `<arg_key>` and `<arg_value>` tags (GLM-4.5 to 4.7).
///
/// As LLaMA-Factory's, `write` does not close `<tool_call>`. LLaMA-Factory reads such an answer as Qwen's JSON, which it
/// never is; here both forms are read.
public struct GLM4MoEToolFormat: ToolFormat {
    public let name = "glm4_moe"
    private let parameters = TaggedParameters(
        open: "\n<arg_key>", separator: "</arg_key>\n<arg_value>", close: "</arg_value>")

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        """


        # Tools

        You may call one or more functions to assist with the user query.

        You are provided with function signatures within <tools></tools> XML tags:
        <tools>\(tools.map { "\n" + $0.wrappedTool.text() }.joined())
        </tools>

        For each function call, output the function name and arguments within the following XML format:
        <tool_call>{function-name}
        <arg_key>{arg-key-1}</arg_key>
        <arg_value>{arg-value-1}</arg_value>
        <arg_key>{arg-key-2}</arg_key>
        <arg_value>{arg-value-2}</arg_value>
        ...
        </tool_call>

        """
    }

    public func write(_ calls: [FunctionCall]) -> String {
        calls.map { "\n<tool_call>\($0.name)\(parameters.write($0.arguments))" }.joined(separator: "\n")
    }

    public var jinjaCalls: String? {
        JinjaToolMacros.list("{{ '\\n<tool_call>' + call['name'] + \(parameters.jinja) }}", separator: "\n")
    }

    public func calls(in answer: String) -> [FunctionCall]? {
        if let calls = QwenToolFormat().calls(in: answer) { return calls }
        var calls: [FunctionCall] = []
        var start = answer.startIndex
        while let opening = answer.bytesRange(of: "<tool_call>", from: start) {
            let end = answer.bytesRange(of: "<tool_call>", from: opening.upperBound)?.lowerBound ?? answer.endIndex
            let body = String(answer[opening.upperBound..<end])
            let name = String(body.prefix { !$0.isNewline && $0 != "<" }).stripped
            // Broken JSON is no name.
            if !name.isEmpty, !name.hasPrefix("{") {
                let text = body.replacingBytes("</arg_key>\n<arg_value>", with: "</arg_key><arg_value>")
                let arguments = parameters.read(
                    text, open: "<arg_key>", middle: "</arg_key><arg_value>", close: "</arg_value>")
                calls.append(FunctionCall(name: name, arguments: arguments))
            }
            start = end
        }
        return calls.isEmpty ? nil : calls
    }
}
