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
                if removes { messages[index].changeContents(template.thoughtWords.removed) }
            }
        }
        let expanded = try expandMedia(messages, conversation, media)
        var turns: [EncodedTurn] = []
        turns.reserveCapacity(messages.count)
        var found = MediaCounts()
        for (index, message) in expanded.enumerated() {
            let slots = try template.slots(for: message, at: index, conversation, date: toolDate)
            let isWeighted =
                !settings.lossScale.rules.isEmpty || message.lossScale != nil || !message.preceding.isEmpty
            if index % 2 == 1, isWeighted, !asPrompt {
                // The rules look at what people ask, not at what tools reply.
                let query = messages[index - 1].role == .user ? messages[index - 1].content : ""
                let scaled = try weighted(slots, message, index, query: query, isLast: index == last)
                var turn = try findMedia(scaled.ids, media, &found)
                turn.weights = scaled.weights
                turns.append(turn)
            } else {
                turns.append(try findMedia(ids(of: slots), media, &found))
            }
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
        for index in stride(from: lastOnly ? messages.count - 1 : 1, to: messages.count, by: 2)
        where !words.appear(in: messages[index].text) {
            if settings.enableThinking == true {
                var thought = weighted(pieces(of: words.empty, messages[index], query: ""))
                thought.append(turns[index])
                turns[index] = thought
            } else {
                turns[index - 1].append(EncodedTurn(ids: weighted([WeightedText(text: words.empty, weight: 1)]).ids))
            }
        }
    }

    /// An answer with the weights of its parts: pieces of different weight are tokenized apart, as in ms-swift.
    private func weighted(
        _ slots: [Slot], _ message: Message, _ index: Int, query: String, isLast: Bool
    ) throws(ConversationError) -> EncodedTurn {
        var pieces: [WeightedText] = []
        for (part, text) in zip(message.parts, try template.parts(of: message)) {
            // Of a single message the labels tell whether it is learned.
            let isLearned = message.preceding.isEmpty || settings.learns(part, isLast: isLast)
            pieces += isLearned ? self.pieces(of: text, part, query: query) : [WeightedText(text: text, weight: 0)]
        }
        // Where an answer stops is learned with its last word, and at the end of the conversation always.
        let endWeight: Float = !isLast && pieces.last { !$0.text.isEmpty }?.weight == 0 ? 0 : 1
        let form = message.role == .function ? template.function : template.assistant
        var turn = EncodedTurn()
        var isBehind = false
        for (slot, frame) in zip(slots, form) {
            guard frame.holdsContent, case .text(let around) = frame else {
                let ids = ids(of: [slot])
                turn.append(
                    EncodedTurn(ids: ids, weights: isBehind ? [Float](repeating: endWeight, count: ids.count) : []))
                continue
            }
            isBehind = true
            // What the template writes before the answer weighs one.
            let parts = around.splitOnce(at: "{{content}}")
            let head = parts.head.replacingOnce("{{idx}}", with: String(index / 2))
            let tail = (parts.tail ?? "").replacingOnce("{{idx}}", with: String(index / 2))
            turn.append(
                weighted(
                    [WeightedText(text: head, weight: 1)] + pieces + [WeightedText(text: tail, weight: endWeight)]))
        }
        return turn
    }

    /// A text of an answer in pieces: one where the message says what it weighs, else by the run's rules.
    private func pieces(of text: String, _ message: Message, query: String) -> [WeightedText] {
        message.lossScale.map { [WeightedText(text: text, weight: $0)] }
            ?? settings.lossScale.pieces(of: text, query: query)
    }

    /// The ids of pieces of text; neighbours of the same weight are one text.
    private func weighted(_ pieces: [WeightedText]) -> EncodedTurn {
        var turn = EncodedTurn()
        var start = 0
        while start < pieces.count {
            let weight = pieces[start].weight
            let run = pieces[start...].prefix { $0.weight == weight || $0.text.isEmpty }
            let ids = tokenizer.encode(
                run.map(\.text).joined(), splitSpecialTokens: settings.splitsSpecialTokens)
            let weights = weight == 1 ? [] : [Float](repeating: weight, count: ids.count)
            turn.append(EncodedTurn(ids: ids, weights: weights))
            start = run.endIndex
        }
        return turn
    }

    /// The ids of slots, every text tokenized alone.
    private func ids(of slots: [Slot]) -> [Int32] {
        var ids: [Int32] = []
        for slot in slots {
            switch slot {
            case .text(let text):
                if !text.isEmpty {
                    ids += tokenizer.encode(guarded: text, splitSpecialTokens: settings.splitsSpecialTokens)
                }
            case .bos: if let id = tokenizer.bosID { ids.append(id) }
            case .eos: if let id = tokenizer.eosID { ids.append(id) }
            case .token(let token): if let id = tokenizer.id(of: token) { ids.append(id) }
            }
        }
        return ids
    }
}
