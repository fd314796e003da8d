/// A rule for answers that cannot be followed: what is wrong with the pattern or schema, and where.
public struct ConstraintError: Error, Sendable, Equatable, CustomStringConvertible {
    public let message: String

    init(_ message: String) { self.message = message }

    public var description: String { message }
}
