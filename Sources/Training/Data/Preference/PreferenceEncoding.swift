import Datasets
import Prompting

extension RowEncoder {
    /// A row with a preference as the model reads it: LLaMA-Factory's PairwiseDatasetProcessor and FeedbackDatasetProcessor.
    ///
    /// Prompt and answer come from the one-turn encoding. The answers of a pair share the prompt, and the cutoff is dealt out
    /// between it and the longer of them; KTO's second completion is cut by itself.
    func encode(_ row: DataRow, _ preference: RowPreference, _ media: MediaGrids) throws -> Outcome {
        let cutoff = encoder.settings.cutoffLength
        let first = try encoder.encodePrompt(row.conversation, media: media)
        var answers = [first.labelIDs]
        if case .better(let rejected) = preference {
            answers.append(try encoder.encodePrompt(row.conversation.answered(by: rejected), media: media).labelIDs)
        }
        let lengths = LengthBudget.share(
            source: first.inputIDs.count, target: answers.map(\.count).max() ?? 0, cutoff: cutoff)
        var truncation = Truncation.none
        if answers.contains(where: { $0.count > lengths.target }) { truncation = .answerEnd }
        if lengths.source < first.inputIDs.count { truncation = .promptEnd }
        guard !first.mediaSpans.contains(where: { $0.range.upperBound > lengths.source }) else {
            return .dropped(Self.mediaCut)
        }
        let prompt = Array(first.inputIDs.prefix(lengths.source))
        answers = answers.map { Array($0.prefix(lengths.target)) }
        guard answers.allSatisfy({ !$0.isEmpty }), !prompt.isEmpty else {
            return .dropped("nothing to learn: prompt or answer is cut away (raise cutoff_len)")
        }
        var example = TrainingExample(
            inputIDs: prompt, labels: [Int32](repeating: EncodedExample.ignored, count: prompt.count),
            images: row.conversation.images, videos: row.conversation.videos, origin: row.origin)
        var layout = PreferenceLayout(promptCount: prompt.count, answers: [])
        for answer in answers {
            layout.answers.append(example.inputIDs.count..<example.inputIDs.count + answer.count)
            example.inputIDs += answer
            example.labels += answer
        }
        if case .verdict(let isGood, let other) = preference {
            layout.verdict = isGood
            let swapped = try encoder.encodePrompt(row.conversation.answered(by: other), media: media, cutoff: cutoff)
            // Where cutoff_len leaves nothing of it, it says nothing of the divergence: LLaMA-Factory counts a log ratio of 0.
            if !swapped.labelIDs.isEmpty, !swapped.inputIDs.isEmpty {
                layout.other = PreferenceLayout.OtherAnswer(
                    inputIDs: swapped.inputIDs + swapped.labelIDs, promptCount: swapped.inputIDs.count)
            }
        }
        example.preference = layout
        return .kept(example, truncation)
    }

    /// Pairs of which cutoff_len leaves no difference: they are kept, as in LLaMA-Factory, but teach nothing.
    static func cutTiesWarning(_ examples: [TrainingExample]) -> String? {
        let ties = examples.filter { example in
            guard let answers = example.preference?.answers, answers.count == 2 else { return false }
            return example.inputIDs[answers[0]] == example.inputIDs[answers[1]]
        }
        guard let first = ties.first else { return nil }
        return
            "in \(ties.count) pairs both answers are the same after they were cut to cutoff_len, so that nothing is learned from them (the first: \(first.origin)): raise cutoff_len"
    }

    static let mediaCut =
        "cutoff_len would cut through an image or video (raise it, or lower image_max_pixels or video_maxlen)"
}

extension Conversation {
    /// The same prompt with another answer.
    fileprivate func answered(by answer: Message?) -> Conversation {
        var copy = self
        if let answer { copy.messages[copy.messages.count - 1] = answer }
        return copy
    }
}
