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
            let slots = try template.slots(for: message, at: index, conversation, date: toolDate)
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
}
