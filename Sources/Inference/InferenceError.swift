/// Why a model cannot answer, be exported or be evaluated, and what to do about it.
public struct InferenceError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
