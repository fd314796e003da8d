public import JSON

/// A tool call as its name and, on the next line, its arguments as JSON (GLM-4); one call an answer.
public struct GLM4ToolFormat: ToolFormat {
    public let name = "glm4"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) throws(TemplateError) -> String {
        var text =
            "你是一个名为 ChatGLM 的人工智能助手。你是基于智谱 AI 公司训练的语言模型 GLM-4 模型开发的，"
            + "你的任务是针对用户的问题和要求提供适当的答复和支持。\n\n# 可用工具"
        for tool in tools.map(\.bareTool) {
            guard let name = tool["name"] else {
                throw TemplateError("tools: a tool has no \"name\": \(tool.text())")
            }
            text += "\n\n## \(name.pythonText)\n\n\(tool.text(indent: 4))\n在调用上述函数时，请使用 Json 格式表示调用的参数。"
        }
        return text
    }

    public func write(_ calls: [FunctionCall]) throws(TemplateError) -> String {
        guard calls.count == 1 else {
            throw TemplateError("tool format glm4 has one call an answer, not \(calls.count): split the message")
        }
        return "\(calls[0].name)\n\(calls[0].arguments.text())"
    }

    public var jinjaCalls: String? {
        """
        {% if calls | length > 1 %}{{ raise_exception('this format has one call an answer') }}{% endif %}\
        {{ calls[0]['name'] + '\\n' + json_of(calls[0]['arguments']) }}
        """
    }

    public func calls(in answer: String) -> [FunctionCall]? {
        let parts = answer.splitOnce(at: "\n")
        guard let tail = parts.tail, let arguments = try? JSONValue(parsing: tail.stripped) else { return nil }
        return [FunctionCall(name: parts.head, arguments: arguments)]
    }
}
