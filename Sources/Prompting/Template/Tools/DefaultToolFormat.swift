public import JSON

/// Tool calls as `Action:` and `Action Input:` lines, for models without a format of their own.
public struct DefaultToolFormat: ToolFormat {
    public let name = "default"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) throws(TemplateError) -> String {
        var text = ""
        var names: [String] = []
        for tool in tools.map(\.bareTool) {
            guard let name = tool["name"]?.stringValue else {
                throw TemplateError("tools: a tool has no \"name\": \(tool.text())")
            }
            guard let properties = tool["parameters"]?["properties"]?.members else {
                throw TemplateError("tools: \(name) has no \"parameters\" with \"properties\"")
            }
            let required = tool["parameters"]?["required"]?.arrayValue ?? []
            let arguments = properties.map { Self.describe($0, isRequired: required.contains(.string($0.key))) }
                .joined()
            text +=
                "> Tool Name: \(name)\nTool Description: \(tool["description"]?.pythonText ?? "")\n"
                + "Tool Args:\n\(arguments)\n"
            names.append(name)
        }
        return Self.opening + text + Self.usage.0 + names.joined(separator: ", ") + Self.usage.1
    }

    private static let opening = "You have access to the following tools:\n"
    /// What stands before and after the tools' names.
    private static let usage = (
        "Use the following format if using a tool:\n```\nAction: tool name (one of [",
        """
        ])
        Action Input: the input to the tool, in a JSON format representing the kwargs \
        (e.g. ```{"input": "hello world", "num_beams": 5}```)
        ```

        """
    )

    public var jinjaDescription: String? {
        let bare = "{% set bare = tool['function'] if tool['type'] == 'function' else tool %}"
        return """
            {{ \(Template.literal(Self.opening)) }}{% set ns = namespace(names=[]) %}{% for tool in tools %}\(bare)\
            {% set ns.names = ns.names + [bare['name']] %}{{ '> Tool Name: ' + bare['name'] + '\\nTool Description: ' }}\
            {{ bare['description'] | default('') }}{{ '\\nTool Args:\\n' }}\
            {% for name, schema in bare['parameters']['properties'].items() %}{{ '  - ' + name + ' (' }}\
            {{ schema['type'] | default('') }}{% if name in bare['parameters'].get('required', []) %}{{ ', required' }}\
            {% endif %}{{ '): ' }}{{ schema['description'] | default('') }}{% if schema.get('enum') %}\
            {{ ', should be one of [' + schema['enum'] | join(', ') + ']' }}{% endif %}{% if schema.get('items') %}\
            {{ ', where each item should be ' }}{{ schema['items']['type'] | default('') }}{% endif %}{{ '\\n' }}\
            {% endfor %}{{ '\\n' }}{% endfor %}{{ \(Template.literal(Self.usage.0)) + ns.names | join(', ') }}\
            {{ \(Template.literal(Self.usage.1)) }}
            """
    }

    private static func describe(_ argument: JSONMember, isRequired: Bool) -> String {
        let schema = argument.value
        var text = "  - \(argument.key) (\(schema["type"]?.pythonText ?? "")\(isRequired ? ", required" : "")): "
        text += schema["description"]?.pythonText ?? ""
        if let choices = schema["enum"]?.arrayValue, !choices.isEmpty {
            text += ", should be one of [\(choices.map(\.pythonText).joined(separator: ", "))]"
        }
        if let items = schema["items"], items.isTruthy {
            text += ", where each item should be \(items["type"]?.pythonText ?? "")"
        }
        return text + "\n"
    }

    public func write(_ calls: [FunctionCall]) -> String {
        calls.map { "Action: \($0.name)\nAction Input: \($0.arguments.text())" }.joined(separator: "\n")
    }

    public var jinjaCalls: String? {
        JinjaToolMacros.list(
            "{{ 'Action: ' + call['name'] + '\\nAction Input: ' + json_of(call['arguments']) }}", separator: "\n")
    }

    /// Calls as `Action:\s*NAME\s*Action Input:\s*JSON`, the JSON up to the next `Action:` or the end.
    public func calls(in answer: String) -> [FunctionCall]? {
        var calls: [FunctionCall] = []
        var start = answer.startIndex
        while let action = answer.bytesRange(of: "Action:", from: start) {
            start = action.upperBound
            guard let input = answer.bytesRange(of: "Action Input:", from: start) else { break }
            let name = String(answer[action.upperBound..<input.lowerBound]).stripped
            let isName = name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
            }
            guard !name.isEmpty, isName else { continue }
            let end = answer.bytesRange(of: "Action:", from: input.upperBound)?.lowerBound ?? answer.endIndex
            let text = String(answer[input.upperBound..<end]).stripped.trimming("\"").trimming("`")
            guard !text.isEmpty else { continue }
            guard let arguments = try? JSONValue(parsing: text) else { return nil }
            calls.append(FunctionCall(name: name, arguments: arguments))
            start = end
        }
        return calls.isEmpty ? nil : calls
    }
}

extension String {
    /// Without the ASCII character `mark` at both ends.
    fileprivate func trimming(_ mark: Character) -> String {
        String(String(drop { $0 == mark }.reversed()).drop { $0 == mark }.reversed())
    }
}
