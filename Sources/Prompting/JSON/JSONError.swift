/// Malformed JSON: what is wrong and at which byte.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, with what was expected.
    public let message: String
    /// Byte offset in the text.
    public let offset: Int

    public var description: String { "\(message) at byte \(offset)" }
}
