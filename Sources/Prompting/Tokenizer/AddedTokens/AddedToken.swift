/// A token that stands outside the merges: matched in the text as it is, before anything else.
public struct AddedToken: Sendable, Hashable {
    public var id: Int32
    public var content: String
    /// A control token: left out when decoding skips special tokens.
    public var isSpecial: Bool
    /// Takes the white space before it along.
    public var stripsLeft: Bool
    /// Takes the white space after it along.
    public var stripsRight: Bool
    /// Matched only where no letter, digit or underscore touches it.
    public var isSingleWord: Bool
    /// Matched in the normalized text rather than in the raw text.
    public var isNormalized: Bool

    public init(
        id: Int32, content: String, isSpecial: Bool, stripsLeft: Bool = false, stripsRight: Bool = false,
        isSingleWord: Bool = false, isNormalized: Bool = false
    ) {
        self.id = id
        self.content = content
        self.isSpecial = isSpecial
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isSingleWord = isSingleWord
        self.isNormalized = isNormalized
    }
}
