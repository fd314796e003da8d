public import JSON

/// Tool calls as `<function=…>` and `<parameter=…>` tags on lines of their own (Qwen 3.5).
public struct Qwen35ToolFormat: ToolFormat {
    public let name = "qwen3_5"
    private let parameters = TaggedParameters(
        open: "\n<parameter=", separator: ">\n", close: "\n</parameter>", stripsText: true)

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        """


        # Tools

        You have access to the following functions:

        <tools>\(tools.map { "\n" + $0.bareTool.text() }.joined())
        </tools>

        If you choose to call a function ONLY reply in the following format with NO suffix:

        <tool_call>
        <function=example_function_name>
        <parameter=example_parameter_1>
        value_1
        </parameter>
        <parameter=example_parameter_2>
        This is the value for the second parameter
        that can span
        multiple lines
        </parameter>
        </function>
        </tool_call>

        <IMPORTANT>
        Reminder:
        - Function calls MUST follow the specified format: an inner <function=...></function> block must be nested \
        within <tool_call></tool_call> XML tags
        - Required parameters MUST be specified
        - You may provide optional reasoning for your function call in natural language BEFORE the function call, but \
        NOT after
        - If there is no function call available, answer the question like normal with your current knowledge and do \
        not tell the user about function calls
        </IMPORTANT>
        """
    }

    public func write(_ calls: [FunctionCall]) -> String {
        calls.map {
            "<tool_call>\n<function=\($0.name)>\(parameters.write($0.arguments))\n</function>\n</tool_call>"
        }.joined(separator: "\n")
    }

    public var jinjaCalls: String? {
        JinjaToolMacros.list(
            """
            {{ '<tool_call>\\n<function=' + call['name'] + '>' + \(parameters.jinja) + '\\n</function>\\n</tool_call>' }}
            """, separator: "\n")
    }

    public func calls(in answer: String) -> [FunctionCall]? {
        parameters.calls(in: answer, open: "<tool_call>", close: "</tool_call>")
    }
}
