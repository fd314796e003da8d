import JSON
import Jinja

extension ConversationEncoder {
    /// The chat template that belongs beside a model which was trained with this encoder: the tokenizer's own where it
    /// writes the same prompts (it may know tools, too), else one made from the template and its thinking settings.
    public func chatTemplate() -> String {
        if let own = tokenizer.chatTemplate, writesSamePrompts(own) { return own }
        return template.chatTemplate(
            tokenizer: tokenizer, enableThinking: settings.enableThinking,
            preservesThinking: settings.preservesThinking)
    }

    /// Whether a chat template writes what this encoder does, for conversations with and without system text, in several
    /// turns and with thoughts.
    private func writesSamePrompts(_ source: String) -> Bool {
        guard let jinja = try? JinjaTemplate(source) else { return false }
        let thought = template.thoughtWords.open + "c" + template.thoughtWords.close
        let turns = [Message(.user, "a"), Message(.assistant, "b"), Message(.user, "你好\n")]
        var probes = [
            Conversation(messages: [Message(.user, "a")]), Conversation(system: "s", messages: turns),
            Conversation(messages: turns),
        ]
        if template.isReasoning {
            probes.append(
                Conversation(messages: [turns[0], Message(.assistant, thought + "b"), turns[2]]))
        }
        return probes.allSatisfy { probe in
            guard let text = render(jinja, probe), let own = try? encodePrompt(probe) else { return false }
            return tokenizer.decode(tokenizer.encode(text)) == tokenizer.decode(own.inputIDs)
        }
    }

    /// The prompt as a server writes it with a chat template; nil when it fails.
    func render(_ jinja: JinjaTemplate, _ conversation: Conversation, _ more: [String: JSONValue] = [:]) -> String? {
        var variables = more
        let system = conversation.system.map { [("system", $0)] } ?? []
        let turns = system + conversation.messages.map { ($0.role.rawValue, $0.content) }
        variables["messages"] = .array(turns.map { ["role": .string($0.0), "content": .string($0.1)] })
        variables["add_generation_prompt"] = .bool(true)
        for (name, id) in [("bos_token", tokenizer.bosID), ("eos_token", tokenizer.eosID)] {
            variables[name] = id.flatMap(tokenizer.token(for:)).map(JSONValue.string)
        }
        return (try? jinja.render(variables))?.text
    }
}
