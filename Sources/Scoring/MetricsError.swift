/// Why predictions cannot be measured, with the remedy.
public struct MetricsError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
