/// A weight file that cannot be used, and what to do about it.
public struct SafetensorsError: Error, Sendable, CustomStringConvertible {
    public let path: String
    public let message: String

    init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    public var description: String { "\(path): \(message)" }
}
