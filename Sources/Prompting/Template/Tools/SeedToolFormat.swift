public import JSON

/// Tool calls as `<function=…>` and `<parameter=…>` tags (Seed-OSS).
public struct SeedToolFormat: ToolFormat {
    public let name = "seed_oss"
    private let parameters = TaggedParameters(open: "\n<parameter=", separator: ">", close: "</parameter>")

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        """
        system
        You are Doubao, a helpful AI assistant. You may call one or more functions to assist with the user query.\
        Tool List:
        You are authorized to use the following tools (described in JSON Schema format). Before performing any task, \
        you must decide how to call them based on the descriptions and parameters of these tools.
        \(JSONValue.array(tools).text())
        工具调用请遵循如下格式:
        <seed:tool_call>
        <function=example_function_name>
        <parameter=example_parameter_1>value_1</parameter>
        <parameter=example_parameter_2>This is the value for the second parameter
        that can span
        multiple lines</parameter>
        </function>
        </seed:tool_call>

        """
    }

    public func write(_ calls: [FunctionCall]) -> String {
        calls.map {
            "\n<seed:tool_call>\n<function=\($0.name)\(parameters.write($0.arguments))\n</function>\n</seed:tool_call>"
        }.joined(separator: "\n")
    }

    public var jinjaCalls: String? {
        JinjaToolMacros.list(
            """
            {{ '\\n<seed:tool_call>\\n<function=' + call['name'] + \(parameters.jinja) + '\\n</function>\\n</seed:tool_call>' }}
            """, separator: "\n")
    }

    /// Also reads what `write` makes, where LLaMA-Factory forgot to close the function's tag.
    public func calls(in answer: String) -> [FunctionCall]? {
        parameters.calls(in: answer, open: "<seed:tool_call>", close: "</seed:tool_call>")
    }
}
