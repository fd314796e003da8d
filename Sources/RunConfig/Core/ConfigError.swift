/// Everything that is wrong with a configuration, at once.
public struct ConfigError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One thing that is wrong.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// The setting, when there is one.
        public let key: String?
        /// What is wrong and what to do about it.
        public let message: String
        /// Where it was written.
        public let origin: Origin?

        public init(key: String? = nil, _ message: String, origin: Origin? = nil) {
            self.key = key
            self.message = message
            self.origin = origin
        }

        public var description: String { origin.map { "\($0): \(message)" } ?? message }
    }

    /// Where a value was written.
    public enum Origin: Sendable, Hashable, CustomStringConvertible {
        /// A line of a file, counted from 1.
        case file(path: String, line: Int?)
        /// An argument of the command line, as it was written.
        case commandLine(String)

        public var description: String {
            switch self {
            case .file(let path, let line): line.map { "\(path):\($0)" } ?? path
            case .commandLine(let text): "command line, \(text)"
            }
        }
    }

    /// The problems in the order in which they were found.
    public let problems: [Problem]

    public init(_ problems: [Problem]) { self.problems = problems }

    public var description: String {
        guard problems.count > 1 else { return problems.first?.description ?? "The configuration is not valid." }
        return "\(problems.count) problems in the configuration:\n"
            + problems.map { "  - \($0)" }.joined(separator: "\n")
    }
}
