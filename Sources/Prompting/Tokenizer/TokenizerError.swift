import JSON

/// Why a tokenizer cannot be used: the message names the file, the key and the remedy.
public struct TokenizerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller may want to tell apart.
    public enum Kind: Sendable, Hashable {
        case fileMissing, malformed, unsupported, vocabularyMismatch
    }

    public let kind: Kind
    public let message: String

    public var description: String { message }

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// A part of tokenizer.json that this program cannot honour.
    static func unsupported(_ path: String, _ key: String, _ value: JSONValue) -> TokenizerError {
        TokenizerError(.unsupported, "\(path): \(key) \(value.text()) is not supported")
    }
}
