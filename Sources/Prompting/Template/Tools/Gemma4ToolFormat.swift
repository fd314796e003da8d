public import JSON

/// Tool calls in Gemma 4's own notation: keys bare, strings between `<|"|>` marks.
public struct Gemma4ToolFormat: ToolFormat {
    public let name = "gemma4"
    static let quote = "<|\"|>"

    public init() {}

    public func describe(_ tools: [JSONValue], date: String) throws(TemplateError) -> String {
        var declarations: [String] = []
        for tool in tools.map(\.bareTool) {
            guard let name = tool["name"]?.pythonText else {
                throw TemplateError("tools: a tool has no \"name\": \(tool.text())")
            }
            var text = "declaration:\(name){description:\(quoted(tool["description"]?.pythonText ?? ""))"
            if let parameters = tool["parameters"], parameters.isTruthy {
                text += ",parameters:{\(describe(parameters))}"
            }
            if let response = tool["response"], response.isTruthy {
                var parts: [String] = []
                if let text = truthy(response["description"]) { parts.append("description:\(quoted(text))") }
                if response["type"]?.pythonText.uppercased() == "OBJECT" { parts.append("type:\(quoted("OBJECT"))") }
                text += ",response:{\(parts.joined(separator: ","))}"
            }
            declarations.append(text + "}")
        }
        return declarations.joined(separator: "\n")
    }

    private func describe(_ parameters: JSONValue) -> String {
        var parts: [String] = []
        if let properties = parameters["properties"]?.members, !properties.isEmpty {
            let texts = properties.map { property in
                var items: [String] = []
                if let text = truthy(property.value["description"]) { items.append("description:\(quoted(text))") }
                if let type = truthy(property.value["type"]) { items.append("type:\(quoted(type.uppercased()))") }
                return "\(property.key):{\(items.joined(separator: ","))}"
            }
            parts.append("properties:{\(texts.joined(separator: ","))}")
        }
        if let required = parameters["required"]?.arrayValue, !required.isEmpty {
            parts.append("required:[\(required.map { quoted($0.pythonText) }.joined(separator: ","))]")
        }
        if let type = truthy(parameters["type"]) { parts.append("type:\(quoted(type.uppercased()))") }
        return parts.joined(separator: ",")
    }

    private func quoted(_ text: String) -> String { Self.quote + text + Self.quote }

    private func truthy(_ value: JSONValue?) -> String? { value.flatMap { $0.isTruthy ? $0.pythonText : nil } }

    public func write(_ calls: [FunctionCall]) -> String {
        calls.map { call in
            let inner =
                switch call.arguments {
                case .object(let members): write(members)
                case .string(let text): text
                default: write(call.arguments)
                }
            return "<|tool_call>call:\(call.name){\(inner)}<tool_call|>"
        }.joined()
    }

    private func write(_ members: [JSONMember]) -> String {
        // Python orders by code point.
        members.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
            .map { "\($0.key):\(write($0.value))" }.joined(separator: ",")
    }

    private func write(_ value: JSONValue) -> String {
        switch value {
        case .object(let members): "{\(write(members))}"
        case .array(let items): "[\(items.map(write).joined(separator: ","))]"
        case .string(let text): quoted(text)
        default: value.text()
        }
    }

    public var jinjaCalls: String? {
        """
        {% macro members_of(value) %}{% for key, item in value | dictsort(true) %}{{ key + ':' }}{{ notation_of(item) }}\
        {% if not loop.last %}{{ ',' }}{% endif %}{% endfor %}{% endmacro %}\
        {% macro notation_of(value) %}{% if value is mapping %}{{ '{' + members_of(value) + '}' }}{% elif value is string %}\
        {{ '<|"|>' + value + '<|"|>' }}{% elif value is sequence %}{{ '[' }}{% for item in value %}{{ notation_of(item) }}\
        {% if not loop.last %}{{ ',' }}{% endif %}{% endfor %}{{ ']' }}{% else %}{{ value | tojson }}{% endif %}{% endmacro %}\
        {% for call in calls %}{{ '<|tool_call>call:' + call['name'] + '{' }}{% if call['arguments'] is mapping %}\
        {{ members_of(call['arguments']) }}{% else %}{{ call['arguments'] }}{% endif %}{{ '}<tool_call|>' }}{% endfor %}
        """
    }

    public var jinjaDescription: String? {
        // What stands only where it is not empty: `key:` and the text between quotes.
        func part(_ key: String, _ value: String) -> String {
            "{% if \(value) %}{% set ns.parts = ns.parts + ['\(key):' + quoted(\(value))] %}{% endif %}"
        }
        let upper = { (value: String) in "(\(value) | default('', true) | string | upper)" }
        return """
            {% macro quoted(text) %}{{ '<|"|>' }}{{ text }}{{ '<|"|>' }}{% endmacro %}\
            {% macro property(schema) %}{% set ns = namespace(parts=[]) %}\(part("description", "schema['description']"))\
            \(part("type", upper("schema['type']"))){{ '{' + ns.parts | join(',') + '}' }}{% endmacro %}\
            {% macro parameters(schema) %}{% set ns = namespace(parts=[], properties=[]) %}{% if schema['properties'] %}\
            {% for key, value in schema['properties'].items() %}\
            {% set ns.properties = ns.properties + [key + ':' + property(value)] %}{% endfor %}\
            {% set ns.parts = ['properties:{' + ns.properties | join(',') + '}'] %}{% endif %}{% if schema['required'] %}\
            {% set ns.properties = [] %}{% for key in schema['required'] %}\
            {% set ns.properties = ns.properties + [quoted(key)] %}{% endfor %}\
            {% set ns.parts = ns.parts + ['required:[' + ns.properties | join(',') + ']'] %}{% endif %}\
            \(part("type", upper("schema['type']"))){{ ns.parts | join(',') }}{% endmacro %}\
            {% macro response(schema) %}{% set ns = namespace(parts=[]) %}\(part("description", "schema['description']"))\
            {% if \(upper("schema['type']")) == 'OBJECT' %}{% set ns.parts = ns.parts + ['type:' + quoted('OBJECT')] %}\
            {% endif %}{{ ns.parts | join(',') }}{% endmacro %}\
            {% for tool in tools %}{% set bare = tool['function'] if tool['type'] == 'function' else tool %}\
            {{ 'declaration:' + bare['name'] + '{description:' + quoted(bare['description'] | default('')) }}\
            {% if bare['parameters'] %}{{ ',parameters:{' + parameters(bare['parameters']) + '}' }}{% endif %}\
            {% if bare['response'] %}{{ ',response:{' + response(bare['response']) + '}' }}{% endif %}{{ '}' }}\
            {% if not loop.last %}{{ '\\n' }}{% endif %}{% endfor %}
            """
    }

    public func calls(in answer: String) -> [FunctionCall]? {
        var calls: [FunctionCall] = []
        var start = answer.startIndex
        while let call = answer.enclosed("<|tool_call>call:", "}<tool_call|>", from: start) {
            start = call.range.upperBound
            let parts = call.inner.splitOnce(at: "{")
            guard let arguments = parts.tail, !parts.head.isEmpty, !parts.head.contains(where: \.isWhitespace) else {
                continue
            }
            calls.append(FunctionCall(name: parts.head, arguments: read(arguments)))
        }
        return calls.isEmpty ? nil : calls
    }

    /// The notation made JSON; what cannot be read stays text.
    private func read(_ text: String) -> JSONValue {
        var json = ""
        var rest = text.stripped
        if rest.isEmpty { return .object([]) }
        while true {
            let parts = rest.splitOnce(at: Self.quote)
            json += Self.quotingKeys(parts.head)
            guard let tail = parts.tail else { break }
            let string = tail.splitOnce(at: Self.quote)
            guard let after = string.tail else { return .string(text) }
            json += JSONValue.string(string.head).text()
            rest = after
        }
        return (try? JSONValue(parsing: "{\(json)}")) ?? (try? JSONValue(parsing: text)) ?? .string(text)
    }

    /// Words before a colon between quotes. The text holds no strings.
    private static func quotingKeys(_ text: String) -> String {
        var result = ""
        var word = ""
        for character in text {
            if character.isLetter || character.isNumber || "_-+.".contains(character) {
                word.append(character)
                continue
            }
            let isKey = character == ":" && word.first.map { $0.isLetter || $0 == "_" } == true
            result += isKey ? "\"\(word)\"" : word
            result.append(character)
            word = ""
        }
        return result + word
    }
}
