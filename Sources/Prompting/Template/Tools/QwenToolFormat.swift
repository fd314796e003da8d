public import JSON

/// Tool calls as JSON inside `<tool_call>` tags (Qwen 2.5 and 3).
public struct QwenToolFormat: ToolFormat {
    public let name = "qwen"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        """


        # Tools

        You may call one or more functions to assist with the user query.

        You are provided with function signatures within <tools></tools> XML tags:
        <tools>\(tools.map { "\n" + $0.wrappedTool.text() }.joined())
        </tools>

        For each function call, return a json object with function name and arguments within <tool_call></tool_call> \
        XML tags:
        <tool_call>
        {"name": <function-name>, "arguments": <args-json-object>}
        </tool_call>
        """
    }

    public func write(_ calls: [FunctionCall]) -> String {
        calls.map { call in
            let object = JSONValue.object([
                JSONMember("name", .string(call.name)), JSONMember("arguments", call.arguments),
            ])
            return "<tool_call>\n\(object.text())\n</tool_call>"
        }.joined(separator: "\n")
    }

    public var jinjaCalls: String? {
        JinjaToolMacros.objects(open: "<tool_call>\n", close: "\n</tool_call>", separator: "\n")
    }

    public func calls(in answer: String) -> [FunctionCall]? {
        var calls: [FunctionCall] = []
        var start = answer.startIndex
        while let tag = nextTag(answer, from: start) {
            guard let value = try? JSONValue(parsing: tag.inner.stripped), let name = value["name"]?.stringValue,
                let arguments = value["arguments"]
            else { return nil }
            calls.append(FunctionCall(name: name, arguments: arguments))
            start = tag.range.upperBound
        }
        return calls.isEmpty ? nil : calls
    }

    /// The next tag whose end is followed by another tag or by nothing but white space: a closing tag inside a
    /// string of the arguments does not end it.
    private func nextTag(_ text: String, from start: String.Index) -> (range: Range<String.Index>, inner: String)? {
        let (open, close) = ("<tool_call>", "</tool_call>")
        guard let opening = text.bytesRange(of: open, from: start) else { return nil }
        var search = opening.upperBound
        while let closing = text.bytesRange(of: close, from: search) {
            let rest = String(text[closing.upperBound...]).stripped
            if closing.lowerBound > opening.upperBound, rest.isEmpty || rest.utf8.starts(with: open.utf8) {
                return (
                    opening.lowerBound..<closing.upperBound, String(text[opening.upperBound..<closing.lowerBound])
                )
            }
            search = closing.upperBound
        }
        return nil
    }
}
