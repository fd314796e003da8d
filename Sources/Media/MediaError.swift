/// Why an image or a video could not be used: names the file, says what is wrong with it and what to do.
public struct MediaError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// No such file, or not a readable regular file.
        case unreadable
        /// The file has no bytes.
        case empty
        /// The bytes are not an image (or not a video): text, a Git LFS pointer, an archive, …
        case notMedia
        /// The file ends before its pixels do.
        case truncated
        /// The right format with broken contents.
        case corrupt
        /// Over a limit of ``DecodeLimits``.
        case tooLarge
        /// A format or a setting that is not supported.
        case unsupported
        /// A shared library or memory is missing.
        case unavailable
    }

    public let code: Code
    /// The file's path, or the number of bytes when they came from memory.
    public let name: String
    /// One or two sentences: the fault, then the remedy.
    public let reason: String

    public init(_ code: Code, _ name: String, _ reason: String) {
        self.code = code
        self.name = name
        self.reason = reason
    }

    public var description: String { "\(name): \(reason)" }
}
