/// Something that keeps a run from starting or going on, and what to do about it.
public struct TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}
