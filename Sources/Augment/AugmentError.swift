/// Why data cannot be augmented, and what to do.
public struct AugmentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong and what to do.
    public let description: String

    /// An error; keys must not be in it.
    public init(_ description: String) { self.description = description }
}
