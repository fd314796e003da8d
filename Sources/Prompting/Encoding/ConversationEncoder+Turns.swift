import JSON

extension ConversationEncoder {
    /// The ids of every message, prompts and answers in turn, thoughts treated as the settings say.
    ///
    /// - Parameter asPrompt: for one answer (prediction), where the thoughts of earlier answers go unless preserved.
    func encodeTurns(
        _ conversation: Conversation, _ media: MediaGrids, asPrompt: Bool
    ) throws(ConversationError) -> [EncodedTurn] {
        var messages = conversation.messages
        let last = messages.count - 1
        let dropsHistory = !settings.preservesThinking && (asPrompt || settings.masksHistory)
        if template.isReasoning {
            let removesAll = settings.enableThinking == false
            for index in stride(from: 1, through: last, by: 2) {
                let isLast = index == last
                // Prediction leaves earlier thoughts alone when they are preserved, whatever thinking is set to.
                let removes = isLast ? removesAll : dropsHistory || (removesAll && !asPrompt)
                if removes { messages[index].content = template.thoughtWords.removed(from: messages[index].content) }
            }
        }
        let expanded = try expandMedia(messages, conversation, media)
        var turns: [EncodedTurn] = []
        turns.reserveCapacity(messages.count)
        var found = MediaCounts()
        for (index, message) in expanded.enumerated() {
            let slots = try slots(for: message, at: index, conversation)
            turns.append(try findMedia(ids(of: slots), media, &found))
        }
        try found.check(media)
        if template.isReasoning {
            addEmptyThoughts(&turns, messages, lastOnly: asPrompt || (settings.masksHistory && dropsHistory))
        }
        return turns
    }

    /// Gives answers without a thought an empty one: in the prompt, or in the answer when thinking is trained.
    private func addEmptyThoughts(_ turns: inout [EncodedTurn], _ messages: [Message], lastOnly: Bool) {
        let words = template.thoughtWords
        let empty = tokenizer.encode(words.empty, splitSpecialTokens: settings.splitsSpecialTokens)
        for index in stride(from: lastOnly ? messages.count - 1 : 1, to: messages.count, by: 2)
        where !words.appear(in: messages[index].content) {
            if settings.enableThinking == true {
                var thought = EncodedTurn(ids: empty)
                thought.append(turns[index])
                turns[index] = thought
            } else {
                turns[index - 1].ids += empty
            }
        }
    }

    /// Everything the template writes for one message.
    private func slots(
        for message: Message, at index: Int, _ conversation: Conversation
    ) throws(ConversationError) -> [Slot] {
        var slots: [Slot] = []
        var fused = ""
        if index == 0 {
            slots = template.prefix
            let own = conversation.system ?? ""
            let system = own.isEmpty ? template.defaultSystem : own
            let tools = conversation.tools ?? ""
            if !system.isEmpty || !tools.isEmpty {
                let content = system + (try toolText(tools))
                let filled = template.system.map { $0.filled(content: content, turn: 0) }
                if template.fusesSystem {
                    if case .text(let text)? = filled.first { fused = text }
                } else {
                    slots += filled
                }
            }
        }
        let (form, content) =
            switch message.role {
            case .user: (template.user, fused + message.content)
            case .assistant: (template.assistant, message.content)
            case .observation: (template.observation, message.content)
            case .function: (template.function, try functionText(message.content))
            }
        return slots + form.map { $0.filled(content: content, turn: index / 2) }
    }

    /// The ids of slots, every text tokenized alone.
    private func ids(of slots: [Slot]) -> [Int32] {
        var ids: [Int32] = []
        for slot in slots {
            switch slot {
            case .text(let text):
                if !text.isEmpty {
                    ids += tokenizer.encode(text, splitSpecialTokens: settings.splitsSpecialTokens)
                }
            case .bos: if let id = tokenizer.bosID { ids.append(id) }
            case .eos: if let id = tokenizer.eosID { ids.append(id) }
            case .token(let token): if let id = tokenizer.id(of: token) { ids.append(id) }
            }
        }
        return ids
    }

    private func toolText(_ tools: String) throws(ConversationError) -> String {
        guard !tools.isEmpty else { return "" }
        do {
            guard let list = try JSONValue(parsing: tools).arrayValue else {
                throw ConversationError(.tools, "tools must be a JSON list of tools, not \(tools.prefix(80))")
            }
            return list.isEmpty ? "" : try template.toolFormat.describe(list, date: toolDate)
        } catch let error as ConversationError {
            throw error
        } catch {
            throw ConversationError(.tools, "tools: \(error) in \(tools.prefix(80))")
        }
    }

    /// A function message as the template's tool format writes it: calls as JSON, after a thought or other text.
    private func functionText(_ content: String) throws(ConversationError) -> String {
        let format = template.functionFormat
        if let call = content.enclosed(template.toolCallWords.open, template.toolCallWords.close) {
            let text = content.replacingBytes(String(content[call.range]), with: "")
            return text + format.write(try calls(call.inner))
        }
        if let thought = content.enclosed(template.thoughtWords.open, template.thoughtWords.close) {
            let text = String(content[thought.range])
            return text + format.write(try calls(content.replacingBytes(text, with: "")))
        }
        return format.write(try calls(content))
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
}
