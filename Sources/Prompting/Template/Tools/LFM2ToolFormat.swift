public import JSON

/// Tool calls as a list of Python calls with named arguments (LFM 2).
public struct LFM2ToolFormat: ToolFormat {
    public let name = "lfm2"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        "List of tools: <|tool_list_start|>\(JSONValue.array(tools.map(\.bareTool)).text())<|tool_list_end|>"
    }

    /// As LLaMA-Factory's, quotes and line breaks inside a string are not escaped: such a call cannot be read back.
    public func write(_ calls: [FunctionCall]) -> String {
        let texts = calls.map { call in
            let arguments = (call.arguments.members ?? []).map { argument in
                "\(argument.key)=" + (argument.value.stringValue.map { "\"\($0)\"" } ?? argument.value.text())
            }
            return "\(call.name)(\(arguments.joined(separator: ", ")))"
        }
        return "<|tool_call_start|>[\(texts.joined(separator: ", "))]<|tool_call_end|>"
    }

    public var jinjaCalls: String? {
        let call = """
            {% if call['arguments'] is string %}\
            {{ raise_exception('the arguments of a tool call have to be an object') }}{% endif %}{{ call['name'] + '(' }}\
            {% for key, value in call['arguments'].items() %}{{ key + '=' }}\
            {{ '"' + value + '"' if value is string else value | tojson }}{% if not loop.last %}{{ ', ' }}{% endif %}\
            {% endfor %}{{ ')' }}
            """
        let list = JinjaToolMacros.list(call, separator: ", ")
        return "{{ '<|tool_call_start|>[' }}\(list){{ ']<|tool_call_end|>' }}"
    }

    public func calls(in answer: String) -> [FunctionCall]? {
        guard let block = answer.enclosed("<|tool_call_start|>", "<|tool_call_end|>") else { return nil }
        var reader = PythonCallReader(block.inner)
        guard let calls = reader.calls(), !calls.isEmpty else { return nil }
        return calls
    }
}
