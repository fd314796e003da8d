/// A key that the JSON object of a reply must have.
public struct ReplyKey: Sendable, Hashable {
    /// What kind of value is expected.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case text, number, boolean, list, object
    }

    /// The key.
    public let name: String
    /// The kind of its value.
    public let kind: Kind

    /// Takes "question" (a text) or "score:number" apart.
    ///
    /// - Throws: `AugmentError` for a kind that is not known.
    public init(_ text: String) throws(AugmentError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let kind = parts.count == 1 ? .text : Kind(rawValue: parts[1]), !parts[0].isEmpty else {
            let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw AugmentError("the key '\(text)' should be NAME or NAME:KIND with one of the kinds \(kinds)")
        }
        name = parts[0]
        self.kind = kind
    }
}
