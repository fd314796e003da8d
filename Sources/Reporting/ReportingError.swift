/// A report that could not be written or read back: what happened to which file, and what to do about it.
public struct ReportingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Code: String, Sendable {
        /// The operating system refused a file operation.
        case file
        /// A file of an earlier run does not hold what it should.
        case content
        /// A picture could not be drawn.
        case drawing
    }

    public let code: Code
    /// The file concerned.
    public let path: String
    /// Cause and remedy, one sentence or two.
    public let message: String

    public init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    public var description: String { "\(path): \(message)" }
}
