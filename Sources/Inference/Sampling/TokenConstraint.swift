/// What an answer may look like: a regular expression, a grammar, a list of choices. Shared by requests; each gets a state
/// of its own.
public protocol TokenConstraint: Sendable {
    func start() -> any TokenConstraintState
}

/// Where one answer stands within its constraint.
public protocol TokenConstraintState: Sendable {
    /// Whether the answer may end here.
    var canEnd: Bool { get }

    /// The tokens that may come next. Stop tokens are not among them: the engine allows those when `canEnd`.
    mutating func allowed() -> TokenMask

    /// Moves on by a token of the mask; false when the token was not allowed.
    mutating func accept(_ id: Int32) -> Bool
}

/// A set of token ids, one bit each.
public struct TokenMask: Sendable, Equatable {
    public private(set) var words: [UInt64]

    /// An empty set of ids below `numTokens`.
    public init(numTokens: Int) { words = Array(repeating: 0, count: (numTokens + 63) / 64) }

    public subscript(id: Int32) -> Bool {
        get { words.indices.contains(Int(id) >> 6) && words[Int(id) >> 6] & (1 << UInt64(id & 63)) != 0 }
        set {
            guard words.indices.contains(Int(id) >> 6) else { return }
            if newValue {
                words[Int(id) >> 6] |= 1 << UInt64(id & 63)
            } else {
                words[Int(id) >> 6] &= ~(1 << UInt64(id & 63))
            }
        }
    }

    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
}
