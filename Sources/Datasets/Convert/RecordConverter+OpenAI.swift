import JSON
import Prompting

extension RecordConverter {
    /// The turns of a row with messages in the form of OpenAI's API: `tool_calls` beside or instead of a text, and one
    /// message for each tool's result.
    ///
    /// LLaMA-Factory also adds the system prompt "detailed thinking off" to rows without tools, and a line end to the system
    /// prompt of rows with tools; that is meant for one model, so it is left out here.
    func openaiTurns(_ record: Record, endsWithAnswer: Bool = true) throws(Unusable) -> Turns {
        let roleKey = description.tags.role ?? "role"
        let contentKey = description.tags.content ?? "content"
        var system = try text(record, description.columns.system)
        var messages: [Message] = []
        var results: [String] = []
        for (index, element) in try messageList(record).enumerated() {
            var element = element
            var role: Role?
            if let calls = element["tool_calls"]?.arrayValue, !calls.isEmpty {
                let functions = calls.map { $0["function"] ?? $0 }
                element = .object([
                    .init(roleKey, element[roleKey] ?? .null),
                    .init(contentKey, .string(JSONValue.array(functions).text())),
                ])
                role = .function
            }
            let (name, content) = try nameAndContent(of: element)
            if index == 0, description.tags.system.contains(name) {
                system = content.isEmpty ? nil : content
                continue
            }
            let speaker = try self.role(named: name)
            // Only the assistant calls tools.
            role = speaker == .assistant ? role ?? speaker : speaker
            if speaker == .observation {
                results.append(content)
                continue
            }
            try flush(&results, to: &messages)
            try checkTurn(role ?? speaker, at: messages.count)
            messages.append(Message(role ?? speaker, content))
        }
        // Results that no answer follows are left out: there is nothing to learn from them.
        if !endsWithAnswer { try flush(&results, to: &messages) }
        try checkEnd(messages, endsWithAnswer: endsWithAnswer)
        return Turns(system: system, messages: messages)
    }

    /// Joins the results of tools that were called together.
    private func flush(_ results: inout [String], to messages: inout [Message]) throws(Unusable) {
        guard !results.isEmpty else { return }
        try checkTurn(.observation, at: messages.count)
        let content = results.joined(separator: "\n</tool_response>\n<tool_response>\n")
        messages.append(Message(.observation, content))
        results = []
    }
}
