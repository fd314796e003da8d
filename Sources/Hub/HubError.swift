/// Why something could not be had from a hub, and what to do.
public struct HubError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong and what to do.
    public let description: String
    /// Whether another try, or another day, may succeed: the hub cannot be reached.
    public let isUnreachable: Bool

    /// An error; keys and queries must not be in it.
    public init(_ description: String, isUnreachable: Bool = false) {
        self.description = description
        self.isUnreachable = isUnreachable
    }
}
