public import JSON

/// Tool calls as a JSON list (Mistral 7B v0.3 and later).
public struct MistralToolFormat: ToolFormat {
    public let name = "mistral"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) -> String {
        "[AVAILABLE_TOOLS] \(JSONValue.array(tools.map(\.wrappedTool)).text())[/AVAILABLE_TOOLS]"
    }

    public func write(_ calls: [FunctionCall]) -> String { JSONValue.array(calls.map { $0.object() }).text() }

    public var jinjaCalls: String? { "{{ '[' }}\(JinjaToolMacros.objects(separator: ", ")){{ ']' }}" }

    public func calls(in answer: String) -> [FunctionCall]? {
        guard let value = try? JSONValue(parsing: answer.stripped) else { return nil }
        var calls: [FunctionCall] = []
        for item in value.arrayValue ?? [value] {
            guard let name = item["name"]?.stringValue, let arguments = item["arguments"] else { return nil }
            calls.append(FunctionCall(name: name, arguments: arguments))
        }
        return calls
    }
}
