import JSON

extension Template {
    /// Everything the template writes for one message.
    ///
    /// - Parameter date: today, for tool formats that tell the model.
    func slots(
        for message: Message, at index: Int, _ conversation: Conversation, date: String
    ) throws(ConversationError) -> [Slot] {
        var slots: [Slot] = []
        var fused = ""
        if index == 0 {
            slots = prefix
            let own = conversation.system ?? ""
            let system = own.isEmpty ? defaultSystem : own
            let tools = conversation.tools ?? ""
            if !system.isEmpty || !tools.isEmpty {
                var text = try toolText(tools, date: date)
                if trimsLoneTools, system.isEmpty { text = String(text.drop { $0 == "\n" }) }
                let content = system + text
                let filled = self.system.map { $0.filled(content: content, turn: 0) }
                if fusesSystem {
                    if case .text(let text)? = filled.first { fused = text }
                } else {
                    slots += filled
                }
            }
        }
        let (form, content) =
            switch message.role {
            case .user: (user, fused + message.content)
            case .assistant: (assistant, try parts(of: message).joined())
            case .observation: (observation, message.content)
            case .function: (function, try parts(of: message).joined())
            }
        return slots + form.map { $0.filled(content: content, turn: index / 2) }
    }

    /// The texts of a turn's messages, calls of tools as the template writes them.
    func parts(of message: Message) throws(ConversationError) -> [String] {
        var texts: [String] = []
        for part in message.parts {
            texts.append(part.role == .function ? try functionText(part.content) : part.content)
        }
        return texts
    }

    private func toolText(_ tools: String, date: String) throws(ConversationError) -> String {
        guard !tools.isEmpty else { return "" }
        do { return try toolFormat.describe(text: tools, date: date) } catch {
            throw ConversationError(.tools, "template \(name): \(error)")
        }
    }

    /// A function message as the template's tool format writes it: calls as JSON, after a thought or other text.
    private func functionText(_ content: String) throws(ConversationError) -> String {
        if let call = content.enclosed(toolCallWords.open, toolCallWords.close) {
            let text = content.replacingBytes(String(content[call.range]), with: "")
            return try text + write(calls(call.inner))
        }
        if let thought = content.enclosed(thoughtWords.open, thoughtWords.close) {
            let text = String(content[thought.range])
            return try text + write(calls(content.replacingBytes(text, with: "")))
        }
        return try write(calls(content))
    }

    private func calls(_ text: String) throws(ConversationError) -> [FunctionCall] {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            throw ConversationError(.tools, "a function message is not JSON: \(error) in \(text.prefix(80))")
        }
        var calls: [FunctionCall] = []
        for item in value.arrayValue ?? [value] {
            guard let name = item["name"]?.stringValue, let arguments = item["arguments"] else {
                throw ConversationError(.tools, "a function message lacks \"name\" or \"arguments\": \(item.text())")
            }
            calls.append(FunctionCall(name: name, arguments: arguments))
        }
        return calls
    }

    private func write(_ calls: [FunctionCall]) throws(ConversationError) -> String {
        do { return try functionFormat.write(calls) } catch {
            throw ConversationError(.tools, "template \(name): \(error)")
        }
    }
}
