import JSON
import Jinja

extension Template {
    /// A chat template that writes the prompts of this template, generation prompt, thoughts and tools included, for any
    /// server.
    ///
    /// Unlike LLaMA-Factory's (`jinja`) it knows thinking, numbered turns, named tokens, tool lists, calls and results. It
    /// refuses media, and what a tool format cannot say in Jinja, by an exception rather than leaving them out.
    /// - Parameters:
    ///   - enableThinking: what holds when the caller does not say `enable_thinking`.
    ///   - preservesThinking: the same for `preserve_thinking`.
    public func chatTemplate(tokenizer: Tokenizer, enableThinking: Bool?, preservesThinking: Bool) -> String {
        var text = """
            {% macro text_of(content) %}{% if content is string %}{{ content }}{% else %}{% for part in content or [] %}\
            {% if part.text is defined %}{{ part.text }}{% else %}\
            {{ raise_exception('this chat template takes text only') }}{% endif %}{% endfor %}{% endif %}{% endmacro %}\
            \(toolMacros)
            """
        if isReasoning { text += thoughtMacro(enableThinking, preservesThinking) }
        if !prefix.isEmpty { text += "{{ \(expression(prefix, tokenizer, "''")) }}" }
        let standard = Self.literal(defaultSystem)
        text += """
            {% set system_message = \(standard) %}{% set loop_messages = messages %}\
            {% if messages and messages[0]['role'] == 'system' %}\
            {% set system_message = text_of(messages[0]['content']) or \(standard) %}\
            {% set loop_messages = messages[1:] %}{% endif %}\
            {% if tools %}{% set system_message = \(toolSystem) %}{% endif %}
            """
        let system = expression(fusesSystem ? Array(self.system.prefix(1)) : self.system, tokenizer, "system_message")
        if !fusesSystem { text += "{% if system_message %}{{ \(system) }}{% endif %}" }
        text += """
            {% set turn = namespace(number=0, calls=[], results=[]) %}{% for message in loop_messages %}\
            {% set role = message['role'] %}{% set content = text_of(message['content']) %}
            """
        if fusesSystem {
            text += "{% if loop.first and system_message %}{% set content = \(system) + content %}{% endif %}"
        }
        if isReasoning {
            text += """
                {% if role == 'assistant' and not loop.last and not preserve_thinking %}\
                {% set content = without_thoughts(content) %}{% endif %}
                """
        }
        // Results of tools that follow each other are one turn, as in LLaMA-Factory's data and in Anneal's server.
        text += """
            {% if role == 'user' %}{{ \(expression(user, tokenizer, "content")) }}\
            {% elif role == 'assistant' and message['tool_calls'] %}{% set turn.calls = [] %}\
            {% for call in message['tool_calls'] %}{% set turn.calls = turn.calls + [call['function'] or call] %}{% endfor %}\
            {% set content = content + calls_of(turn.calls) %}{{ \(expression(function, tokenizer, "content")) }}\
            {% elif role == 'assistant' %}{{ \(expression(assistant, tokenizer, "content")) }}\
            {% elif role == 'tool' or role == 'observation' %}{% set turn.results = turn.results + [content] %}\
            {% if loop.last or loop.nextitem['role'] != role %}\
            {% set content = turn.results | join('\\n</tool_response>\\n<tool_response>\\n') %}{% set turn.results = [] %}\
            {{ \(expression(observation, tokenizer, "content")) }}{% else %}{% continue %}{% endif %}\
            {% else %}{{ raise_exception('this chat template knows no role ' + role) }}{% endif %}\
            {% set turn.number = turn.number + 1 %}{% endfor %}
            """
        if isReasoning {
            text += """
                {% if add_generation_prompt and not enable_thinking %}{{ \(Self.literal(thoughtWords.empty)) }}{% endif %}
                """
        }
        return text
    }

    /// How tools and calls are written, or a refusal where the format cannot be said in Jinja.
    private var toolMacros: String {
        let description =
            toolFormat.jinjaDescription
            ?? "{{ raise_exception('this chat template cannot write the tools of \(toolFormat.name)') }}"
        let calls =
            functionFormat.jinjaCalls
            ?? "{{ raise_exception('this chat template cannot write the tool calls of \(functionFormat.name)') }}"
        return JinjaToolMacros.all
            + "{% macro tool_text() %}\(description){% endmacro %}{% macro calls_of(calls) %}\(calls){% endmacro %}"
    }

    /// The system text with the tools behind it.
    private var toolSystem: String {
        trimsLoneTools
            ? "system_message + tool_text() if system_message else tool_text().lstrip('\\n')"
            : "system_message + tool_text()"
    }

    /// What `ThoughtWords.removed` does, and the settings a caller leaves out.
    private func thoughtMacro(_ enableThinking: Bool?, _ preservesThinking: Bool) -> String {
        let open = Self.literal(thoughtWords.open), close = Self.literal(thoughtWords.close)
        let standard = enableThinking.map { $0 ? "true" : "false" } ?? "none"
        return """
            {% macro without_thoughts(content) %}{% set ns = namespace(kept='', held='') %}\
            {% for part in content.split(\(open)) %}{% if loop.first %}{% set ns.kept = part %}\
            {% elif \(close) in part %}{% set ns.held = '' %}\
            {% set ns.kept = ns.kept + part.split(\(close), 1)[1] %}\
            {% else %}{% set ns.held = ns.held + \(open) + part %}{% endif %}{% endfor %}\
            {{ (ns.kept + ns.held).lstrip('\\n') }}{% endmacro %}\
            {% if enable_thinking is not defined %}{% set enable_thinking = \(standard) %}{% endif %}\
            {% if preserve_thinking is not defined %}{% set preserve_thinking = \(preservesThinking) %}{% endif %}
            """
    }

    /// A text as a Jinja string.
    static func literal(_ text: String) -> String {
        var result = "'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "'": result += "\\'"
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "'"
    }

    /// Slots as one Jinja expression; `content` is the expression of the message.
    private func expression(_ slots: [Slot], _ tokenizer: Tokenizer, _ content: String) -> String {
        func numbered(_ text: String) -> [String] {
            let parts = text.splitOnce(at: "{{idx}}")
            guard let tail = parts.tail else { return text.isEmpty ? [] : [Self.literal(text)] }
            return [Self.literal(parts.head), "(turn.number // 2) | string", Self.literal(tail)]
        }
        let items = slots.flatMap { slot -> [String] in
            switch slot {
            case .text(let text):
                let parts = text.splitOnce(at: "{{content}}")
                return numbered(parts.head) + (parts.tail.map { [content] + numbered($0) } ?? [])
            case .bos: return tokenizer.bosID.flatMap(tokenizer.token(for:)).map { [Self.literal($0)] } ?? []
            case .eos: return tokenizer.eosID.flatMap(tokenizer.token(for:)).map { [Self.literal($0)] } ?? []
            case .token(let token): return tokenizer.id(of: token) == nil ? [] : [Self.literal(token)]
            }
        }
        return items.isEmpty ? "''" : items.map { $0.hasSuffix("| string") ? "(\($0))" : $0 }.joined(separator: " + ")
    }
}
