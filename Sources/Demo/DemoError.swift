/// Why the demo's files could not be written.
public struct DemoError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, where, and what to change.
    public let message: String

    /// The message, for printing.
    public var description: String { message }

    init(_ message: String) { self.message = message }
}
