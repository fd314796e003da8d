/// Why a template or a conversation's text for it cannot be made.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String

    public var description: String { message }

    init(_ message: String) { self.message = message }
}
