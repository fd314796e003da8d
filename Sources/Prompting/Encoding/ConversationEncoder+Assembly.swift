extension ConversationEncoder {
    /// Joins the turns within the cutoff and labels them: LLaMA-Factory's supervised processor.
    func assemble(_ turns: [EncodedTurn], _ messages: [Message]) throws(ConversationError) -> EncodedExample {
        let eos = template.hasEfficientEOS ? tokenizer.eosID : nil
        let numPairs = turns.count / 2
        var total = template.hasEfficientEOS ? 1 : 0
        var parts: [(turn: EncodedTurn, labels: [Int32])] = []
        var truncation = Truncation.none
        // With masked history the last pair comes first, so that it is the one that fits.
        for step in 0..<numPairs {
            guard total < settings.cutoffLength else { break }
            let pair = settings.masksHistory ? numPairs - 1 - step : step
            var source = turns[pair * 2]
            var target = turns[pair * 2 + 1]
            let lengths = LengthBudget.share(
                source: source.ids.count, target: target.ids.count, cutoff: settings.cutoffLength - total)
            if lengths.source < source.ids.count {
                truncation = max(truncation, template.truncation(of: messages[pair * 2].role))
            }
            if lengths.target < target.ids.count {
                truncation = max(truncation, template.truncation(of: messages[pair * 2 + 1].role))
            }
            try source.cut(to: lengths.source)
            try target.cut(to: lengths.target)
            total += source.ids.count + target.ids.count
            let trainsPrompt = settings.trainsOnPrompt || settings.lossScale.base == .all
            let sourceLabels = labels(source, isTrained: messages[pair * 2].loss ?? trainsPrompt)
            let isTrained = messages[pair * 2 + 1].parts.contains {
                settings.learns($0, isLast: pair == numPairs - 1)
            }
            var both = source
            both.append(target)
            var bothLabels = sourceLabels + labels(target, isTrained: isTrained)
            if let eos, step != 0 {
                // The previous answer's end is learned on the first token after it. An empty prompt has no place for
                // it; LLaMA-Factory then makes labels one longer than ids, which nothing could train on.
                if !source.ids.isEmpty { bothLabels[0] = eos }
            }
            parts.append((both, bothLabels))
        }
        if parts.count < numPairs { truncation = max(truncation, .turns) }
        var example = EncodedExample(
            inputIDs: [], labels: [], mediaSpans: [], truncation: truncation, numDroppedTurns: numPairs - parts.count)
        var joined = EncodedTurn()
        for part in settings.masksHistory ? parts.reversed() : parts {
            joined.append(part.turn)
            example.labels += part.labels
        }
        example.inputIDs = joined.ids
        example.mediaSpans = joined.spans
        example.weights = joined.weights
        if let eos {
            example.inputIDs.append(eos)
            example.labels.append(eos)
            if !example.weights.isEmpty { example.weights.append(1) }
        }
        // Weights that only leave tokens out are said by the labels already.
        if zip(example.labels, example.weights).allSatisfy({ $0 == EncodedExample.ignored || $1 == 1 }) {
            example.weights = []
        }
        return example
    }

    private func labels(_ turn: EncodedTurn, isTrained: Bool) -> [Int32] {
        guard isTrained else { return [Int32](repeating: EncodedExample.ignored, count: turn.ids.count) }
        return turn.weights.isEmpty
            ? turn.ids : zip(turn.ids, turn.weights).map { $1 == 0 ? EncodedExample.ignored : $0 }
    }
}
