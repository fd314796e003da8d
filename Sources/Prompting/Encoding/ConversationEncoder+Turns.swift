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
            if index % 2 == 1, !settings.lossScale.rules.isEmpty || message.lossScale != nil, !asPrompt {
                let scaled = weighted(slots, message, index, query: messages[index - 1].content)
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
        where !words.appear(in: messages[index].content) {
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
    private func weighted(_ slots: [Slot], _ message: Message, _ index: Int, query: String) -> EncodedTurn {
        let form = message.role == .function ? template.function : template.assistant
        var turn = EncodedTurn()
        for (slot, frame) in zip(slots, form) {
            guard frame.holdsContent, case .text(let text) = slot, case .text(let around) = frame else {
                turn.append(EncodedTurn(ids: ids(of: [slot])))
                continue
            }
            // What the template writes around the answer weighs one.
            let parts = around.splitOnce(at: "{{content}}")
            let head = parts.head.replacingOnce("{{idx}}", with: String(index / 2))
            let tail = (parts.tail ?? "").replacingOnce("{{idx}}", with: String(index / 2))
            let content = text.utf8.dropFirst(head.utf8.count).dropLast(tail.utf8.count)
            let pieces = pieces(of: String(decoding: content, as: UTF8.self), message, query: query)
            turn.append(
                weighted([WeightedText(text: head, weight: 1)] + pieces + [WeightedText(text: tail, weight: 1)]))
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
