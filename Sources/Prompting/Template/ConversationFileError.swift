/// What is wrong with a conversation file.
public struct ConversationFileError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    init(_ message: String) { self.message = message }
}
