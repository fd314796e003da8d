extension Conversation {
    /// - Throws: when it is empty, prompts and answers do not alternate, or the last answer is missing.
    func checkTurns() throws(ConversationError) {
        guard !messages.isEmpty else { throw ConversationError(.empty, "the conversation has no messages") }
        for (index, message) in messages.enumerated() {
            let isAnswer = message.role == .assistant || message.role == .function
            guard isAnswer == (index % 2 == 1) else {
                let wanted = index % 2 == 0 ? "user or observation" : "assistant or function"
                throw ConversationError(
                    .turnOrder, "message \(index + 1) is by \(message.role.rawValue), where \(wanted) has to be")
            }
        }
        guard messages.count % 2 == 0 else {
            throw ConversationError(
                .turnOrder, "the conversation ends without an answer after message \(messages.count)")
        }
    }
}
