/// Why a server's answer is missing or of no use.
public struct WebError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Kind: Sendable, Hashable {
        /// The address is none.
        case address
        /// No connection, a broken one, or no answer in time: worth another try.
        case connection
        /// A redirect that is not followed.
        case redirect
        /// An answer beyond its limit.
        case tooLong
    }

    /// The kind of failure.
    public let kind: Kind
    /// What happened; names the address without its secrets.
    public let description: String

    /// A failure.
    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
