extension Template {
    /// Writes a conversation as training sees it with the default settings: LLaMA-Factory's `encode_multiturn`.
    ///
    /// Answers of a reasoning template that have no thought get an empty one. Marks of media stay as they stand.
    /// - Parameter toolDate: today as `20 Nov 2026`, for tool formats that tell the model; nil for the clock's.
    /// - Throws: when turns are out of order, the conversation does not end with an answer, or tools cannot be written.
    public func render(
        _ conversation: Conversation, toolDate: String? = nil
    ) throws(ConversationError) -> [RenderedPair] {
        try conversation.checkTurns()
        let date = toolDate ?? ToolDate.today()
        var pairs: [RenderedPair] = []
        for index in stride(from: 0, to: conversation.messages.count, by: 2) {
            let prompt = try slots(for: conversation.messages[index], at: index, conversation, date: date)
            let answer = conversation.messages[index + 1]
            var response = try slots(for: answer, at: index + 1, conversation, date: date)
            if isReasoning, !thoughtWords.appear(in: answer.content) {
                response.insert(.text(thoughtWords.empty), at: 0)
            }
            pairs.append(RenderedPair(prompt: prompt, response: response))
        }
        return pairs
    }
}
