public import Prompting

/// What is known of a prompt whose answer the policy writes itself: what rewards judge the answer by.
public struct RolloutTask: Sendable, Hashable {
    /// The turns up to the answer, the system text not among them.
    public var messages: [Message]
    public var system: String?
    /// The expected answer as the data have it; nil where the data have none.
    public var label: String?
    /// The same as tokens, with the one that ends an answer.
    public var labelIDs: [Int32] = []

    public init(messages: [Message], system: String? = nil, label: String? = nil) {
        self.messages = messages
        self.system = system
        self.label = label
    }

    /// The prompt of a conversation; its last answer, where there is one, is the label.
    init(_ conversation: Conversation) {
        var messages = conversation.messages
        let label = messages.count % 2 == 0 ? messages.popLast()?.content : nil
        self.init(messages: messages, system: conversation.system, label: label?.isEmpty == true ? nil : label)
    }
}
