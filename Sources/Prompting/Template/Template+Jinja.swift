extension Template {
    /// The template as Jinja text for `chat_template` in tokenizer_config.json, equal to LLaMA-Factory's.
    ///
    /// It covers system, user and assistant turns; named tokens and per-turn numbers cannot be written.
    /// - Throws: when a slot has no Jinja form.
    public func jinja(tokenizer: Tokenizer) throws(TemplateError) -> String {
        let prefix = try jinja(self.prefix, tokenizer)
        let system = try jinja(self.system, tokenizer, placeholder: "system_message")
        let user = try jinja(self.user, tokenizer)
        let assistant = try jinja(self.assistant, tokenizer)
        var text = prefix.isEmpty ? "" : "{{ \(prefix) }}"
        if !defaultSystem.isEmpty { text += "{% set system_message = '\(Self.escape(defaultSystem))' %}" }
        text +=
            "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
            + "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% endif %}"
        if fusesSystem {
            text +=
                "{% for message in loop_messages %}{% if loop.index0 == 0 and system_message is defined %}"
                + "{% set content = \(system) + message['content'] %}{% else %}"
                + "{% set content = message['content'] %}{% endif %}"
        } else {
            text +=
                "{% if system_message is defined %}{{ \(system) }}{% endif %}{% for message in loop_messages %}"
                + "{% set content = message['content'] %}"
        }
        return text + "{% if message['role'] == 'user' %}{{ \(user) }}"
            + "{% elif message['role'] == 'assistant' %}{{ \(assistant) }}{% endif %}{% endfor %}"
    }

    private static func escape(_ text: String) -> String { text.replacingBytes("'", with: "\\'") }

    private func jinja(
        _ slots: [Slot], _ tokenizer: Tokenizer, placeholder: String = "content"
    ) throws(TemplateError) -> String {
        var items: [String] = []
        for slot in slots {
            switch slot {
            case .text(let text):
                let parts = text.splitOnce(at: "{{content}}")
                if !parts.head.isEmpty { items.append("'\(Self.escape(parts.head))'") }
                guard let tail = parts.tail else { continue }
                items.append(placeholder)
                if !tail.isEmpty { items.append("'\(Self.escape(tail))'") }
            case .bos:
                if let token = tokenizer.bosID.flatMap(tokenizer.token(for:)) { items.append("'\(token)'") }
            case .eos:
                if let token = tokenizer.eosID.flatMap(tokenizer.token(for:)) { items.append("'\(token)'") }
            case .token(let token):
                throw TemplateError("template \(name) has no Jinja form: it names the token \(token)")
            }
        }
        return items.joined(separator: " + ")
    }
}
