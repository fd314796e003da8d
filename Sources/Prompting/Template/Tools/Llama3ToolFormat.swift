public import JSON

/// Tool calls as bare JSON (Llama 3.1 and later, tools in the system text).
public struct Llama3ToolFormat: ToolFormat {
    public let name = "llama3"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        """
        Cutting Knowledge Date: December 2023
        Today Date: \(date)

        You have access to the following functions. To call a function, please respond with JSON for a function call. \
        Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}. \
        Do not use variables.

        \(tools.map { $0.wrappedTool.text(indent: 4) + "\n\n" }.joined())
        """
    }

    public func write(_ calls: [FunctionCall]) -> String {
        let objects = calls.map { call in
            JSONValue.object([JSONMember("name", .string(call.name)), JSONMember("parameters", call.arguments)])
        }
        return objects.count == 1 ? objects[0].text() : JSONValue.array(objects).text()
    }

    public var jinjaCalls: String? {
        """
        {% if calls | length > 1 %}{{ '[' }}{% endif %}\(JinjaToolMacros.objects("parameters", separator: ", "))\
        {% if calls | length > 1 %}{{ ']' }}{% endif %}
        """
    }

    public func calls(in answer: String) -> [FunctionCall]? {
        guard let value = try? JSONValue(parsing: answer.stripped) else { return nil }
        var calls: [FunctionCall] = []
        for item in value.arrayValue ?? [value] {
            guard let name = item["name"]?.stringValue, let arguments = item["parameters"] else { return nil }
            calls.append(FunctionCall(name: name, arguments: arguments))
        }
        return calls
    }
}
