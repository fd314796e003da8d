import JSON
import Jinja

extension Template {
    /// The name of a template that is taken from the model's own chat template, as `anneal.json` records it.
    public static let derivedName = "auto"

    /// The template that a model's own chat template stands for: LLaMA-Factory's `parse_template`, which renders a few
    /// probe conversations and cuts the slots out of them.
    ///
    /// - Throws: when the tokenizer has no chat template, or its chat template cannot write the probes.
    public static func derived(from tokenizer: Tokenizer) throws(TemplateError) -> Template {
        guard let source = tokenizer.chatTemplate else {
            throw TemplateError("the model has no chat template to take a template from: set template")
        }
        let probe = try ChatProbe(source, tokenizer)
        // What the tokenizer itself puts before every text.
        let prefix = tokenizer.decode(tokenizer.encode("", addsSpecialTokens: true))
        let content = "{{content}}"
        let skip = prefix.unicodeScalars.count
        let system = try probe.render([("system", content)], prompts: false).dropping(skip)
        let userAfterEmpty = try probe.render([("system", ""), ("user", content)], prompts: true).dropping(skip)
        var user = try probe.render([("user", content)], prompts: true).dropping(skip)
        var assistant = try probe.render([("user", content), ("assistant", content)], prompts: false)
            .dropping(skip + user.unicodeScalars.count)
        let isReasoning = assistant.bytesContain("<think>")
        assistant = assistant.replacingBytes("<think>", with: "").replacingBytes("</think>", with: "")
        assistant = String(decoding: assistant.utf8.drop { $0 == 0x0A }, as: UTF8.self)
        var defaultSystem = ""
        if user.unicodeScalars.count > userAfterEmpty.unicodeScalars.count {
            defaultSystem = difference(from: userAfterEmpty, to: user)
            user = user.dropping(system.replacingOnce(content, with: defaultSystem).unicodeScalars.count)
        }
        return Template(
            derivedName, prefix: prefix.isEmpty ? [] : [.text(prefix)], system: [.text(system)], user: [.text(user)],
            assistant: [.text(assistant)], defaultSystem: defaultSystem, isReasoning: isReasoning)
    }

    /// What the longer text has more, letter by letter.
    private static func difference(from short: String, to long: String) -> String {
        let short = Array(short.unicodeScalars)
        var matched = 0
        var more = String.UnicodeScalarView()
        for scalar in long.unicodeScalars {
            // As upstream, what follows the end of the short text is not looked at.
            guard matched < short.count else { break }
            if short[matched] == scalar { matched += 1 } else { more.append(scalar) }
        }
        return String(more)
    }
}

extension String {
    fileprivate func dropping(_ count: Int) -> String {
        String(String.UnicodeScalarView(unicodeScalars.dropFirst(count)))
    }
}

/// Renders short conversations with a model's chat template.
private struct ChatProbe {
    let template: JinjaTemplate
    let tokens: [String: JSONValue]

    init(_ source: String, _ tokenizer: Tokenizer) throws(TemplateError) {
        do { template = try JinjaTemplate(source) } catch {
            throw TemplateError("template is not set, and the model's own cannot be read: \(error). Set template.")
        }
        let ids = [("bos_token", tokenizer.bosID), ("eos_token", tokenizer.eosID), ("pad_token", tokenizer.padID)]
        var tokens: [String: JSONValue] = [:]
        for (name, id) in ids {
            if let token = id.flatMap(tokenizer.token(for:)) { tokens[name] = .string(token) }
        }
        self.tokens = tokens
    }

    func render(_ turns: [(role: String, content: String)], prompts: Bool) throws(TemplateError) -> String {
        var variables = tokens
        variables["messages"] = .array(
            turns.map { ["role": .string($0.role), "content": .string($0.content)] })
        variables["tools"] = .null
        variables["documents"] = .null
        variables["add_generation_prompt"] = .bool(prompts)
        do { return try template.render(variables).text } catch {
            let roles = turns.map(\.role).joined(separator: ", ")
            throw TemplateError(
                "template is not set, and none can be taken from the model's own, which does not write "
                    + "a conversation of \(roles): \(error). Set template.")
        }
    }
}
