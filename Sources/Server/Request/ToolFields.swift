import JSON
import Prompting

/// The tools of a request and what the model is to do with them.
struct ToolFields: Sendable {
    enum Choice: Sendable, Equatable {
        /// Answer without tools.
        case none
        /// The model decides.
        case auto
        /// At least one call.
        case required
        /// A call of this tool.
        case named(String)
    }

    struct Tool: Sendable {
        let name: String
        /// JSON schema of its arguments.
        let parameters: JSONValue
        /// As the template's tool format reads it.
        let description: JSONValue
    }

    let tools: [Tool]
    let choice: Choice
    let allowsSeveral: Bool

    init(_ fields: Fields) throws(APIError) {
        let items = try fields.array("tools") ?? []
        guard items.count <= 512 else { throw fields.invalid("tools", "has more than 512 tools") }
        var tools: [Tool] = []
        for (index, item) in items.enumerated() {
            tools.append(try Self.tool(Fields(item, path: "tools[\(index)].")))
        }
        self.tools = tools
        choice = try Self.choice(fields, tools)
        allowsSeveral = try fields.bool("parallel_tool_calls") ?? true
    }

    private static func tool(_ fields: Fields) throws(APIError) -> Tool {
        let type = try fields.string("type") ?? "function"
        guard type == "function" else { throw fields.invalid("type", "only \"function\" is supported") }
        guard let function = try fields.object("function") else { throw fields.invalid("function", "is missing") }
        guard let name = try function.string("name"), !name.isEmpty else {
            throw function.invalid("name", "is missing")
        }
        let parameters = function["parameters"] ?? ["type": "object", "properties": [:]]
        _ = try Fields(parameters, path: "\(function.path)parameters.")
        // The order and the members that LLaMA-Factory gives its templates.
        var members = [JSONMember("name", .string(name))]
        if let description = try function.string("description") {
            members.append(JSONMember("description", .string(description)))
        }
        members.append(JSONMember("parameters", parameters))
        return Tool(name: name, parameters: parameters, description: .object(members))
    }

    private static func choice(_ fields: Fields, _ tools: [Tool]) throws(APIError) -> Choice {
        guard let value = fields["tool_choice"] else { return tools.isEmpty ? .none : .auto }
        var choice: Choice
        switch value.stringValue {
        case "none": return .none
        case "auto": choice = .auto
        case "required", "any": choice = .required
        case .some(let text): throw fields.invalid("tool_choice", "\(quoted(text)) is none of none, auto, required")
        case nil:
            let object = try Fields(value, path: "tool_choice.")
            // Some clients leave the inner object out.
            guard let name = try (try object.object("function") ?? object).string("name") else {
                throw object.invalid("function.name", "is missing")
            }
            guard tools.contains(where: { $0.name == name }) else {
                throw object.invalid("function.name", "\(quoted(name)) is not among the tools")
            }
            choice = .named(name)
        }
        if tools.isEmpty {
            guard choice == .auto else { throw fields.invalid("tool_choice", "needs tools") }
            choice = .none
        }
        return choice
    }

    /// The tool list as text for the template; nil without tools.
    var text: String? {
        tools.isEmpty || choice == .none ? nil : JSONValue.array(tools.map(\.description)).text()
    }
}
