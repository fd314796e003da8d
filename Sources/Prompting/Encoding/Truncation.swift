/// The worst that `cutoff_len` took from a conversation.
public enum Truncation: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    /// Nothing.
    case none
    /// Whole turns.
    case turns
    /// The end of a text that the template ends with nothing.
    case text
    /// The words of the template that end an answer: where it stops is not learned.
    case answerEnd
    /// The words of the template that end a prompt and begin the answer: the model learns to answer within a question.
    case promptEnd

    public static func < (left: Truncation, right: Truncation) -> Bool { left.rawValue < right.rawValue }
}

extension [Slot] {
    /// Whether the template writes something behind the message.
    var hasTail: Bool {
        guard let place = firstIndex(where: \.holdsContent), case .text(let text) = self[place] else { return false }
        return place < count - 1 || !text.utf8.reversed().starts(with: "{{content}}".utf8.reversed())
    }
}

extension Template {
    /// What it means that the end of a message is cut.
    func truncation(of role: Role) -> Truncation {
        switch role {
        case .user: user.hasTail ? .promptEnd : .text
        case .observation: observation.hasTail ? .promptEnd : .text
        case .assistant: assistant.hasTail ? .answerEnd : .text
        case .function: function.hasTail ? .answerEnd : .text
        }
    }
}
