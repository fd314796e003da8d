/// Why a conversation cannot be encoded.
public struct ConversationError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Reason: String, Sendable, Hashable, Codable, CaseIterable {
        /// No messages at all.
        case empty
        /// Turns do not alternate, or the last one is not an answer.
        case turnOrder
        /// Media marks, media and grids differ in number.
        case mediaCount
        /// The template takes no such media.
        case mediaUnsupported
        /// The text itself holds the model's media tokens.
        case mediaTokensInText
        /// The cutoff would cut through an image or video.
        case mediaCut
        /// The tool list or a tool call is not what the template's tool format needs.
        case tools
    }

    public let reason: Reason
    public let message: String

    public var description: String { message }

    /// Whether a data set may leave the row out and count it; else it is a mistake to be mended.
    public var isDroppable: Bool { [.empty, .turnOrder, .mediaCut].contains(reason) }

    init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
