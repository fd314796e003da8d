import Inference
import JSON
import Prompting

extension API {
    /// The rule that answers must follow; nil for none.
    ///
    /// - Parameter thinks: whether a thought in free words comes first.
    func constraint(
        _ spec: ConstraintSpec, _ tools: ToolFields?, _ allowed: [Int32]?, thinks: Bool
    ) async throws -> (any TokenConstraint)? {
        let compiler = constraints, template = encoder.template
        let forced = tools.flatMap(Self.forcedTools)
        if spec == .anything, forced == nil { return allowed.map { compiler.tokens($0) } }
        guard allowed == nil, spec == .anything || forced == nil else {
            throw APIError(
                400, "an answer can follow one rule only: a response format, a required tool or allowed_token_ids")
        }
        do {
            // A hostile pattern keeps a processor busy for a moment: not one that serves connections.
            return try await Self.offload {
                let rule: any TokenConstraint =
                    switch spec {
                    case .anything: try compiler.call(of: forced ?? [], format: template.functionFormat)
                    case .jsonObject: try compiler.jsonObject()
                    case .schema(let schema): try compiler.json(schema: schema)
                    case .regex(let pattern): try compiler.regex(pattern)
                    case .choice(let texts): try compiler.choice(texts)
                    }
                return thinks ? compiler.afterThought(rule, words: template.thoughtWords) : rule
            }
        } catch let error as ConstraintError {
            throw APIError(
                400, "the rule for the answer: \(error.message)", parameter: forced == nil ? spec.name : "tools")
        }
    }

    /// The tools of which one must be called.
    private static func forcedTools(_ tools: ToolFields) -> [(name: String, parameters: JSONValue)]? {
        let forced: [ToolFields.Tool] =
            switch tools.choice {
            case .none, .auto: []
            case .required: tools.tools
            case .named(let name): tools.tools.filter { $0.name == name }
            }
        return forced.isEmpty ? nil : forced.map { ($0.name, $0.parameters) }
    }
}

extension ConstraintSpec {
    /// The field it came from, roughly.
    fileprivate var name: String? {
        switch self {
        case .anything: nil
        case .jsonObject, .schema: "response_format"
        case .regex: "guided_regex"
        case .choice: "guided_choice"
        }
    }
}
