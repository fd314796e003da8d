/// Malformed JSON: what is wrong and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The mistakes that are told apart, so that a reader of data files can name the remedy.
    public enum Kind: Sendable, Hashable {
        /// What the text ends in the midst of.
        public enum Unfinished: Sendable, Hashable {
            /// A value should follow.
            case value
            /// A key, a colon or a closing bracket of an object should follow.
            case object
            /// A comma or this closing bracket should follow.
            case list(closing: Character)
            /// A closing quote should follow.
            case string
            /// The rest of an escape should follow.
            case escape
        }

        /// The text ends too early.
        case unfinished(Unfinished)
        /// A comma stands before a closing bracket.
        case trailingComma(closing: Character)
        /// A comma stands where a value should.
        case extraComma
        /// Neither a comma nor the closing bracket follows an element, but the characters `found`.
        case missingComma(closing: Character, found: String)
        /// No colon follows a key.
        case missingColon(key: String)
        /// Another character than this should stand here.
        case missing(Character)
        /// A key without double quotes.
        case unquotedKey(inSingleQuotes: Bool)
        /// A text in single quotes.
        case singleQuotes
        /// A control character in a string.
        case controlCharacter(UInt8)
        /// A backslash and a character that form no escape.
        case unknownEscape(Character)
        /// `\u` without four hexadecimal digits.
        case hexDigits
        /// Half of a surrogate pair without the other half.
        case loneSurrogate(UInt16)
        /// Bytes of a string that are not UTF-8.
        case notUTF8
        /// A word that begins as a number but is none that JSON allows.
        case number(String)
        /// A value of another language: None, True, NaN, …
        case foreignWord(String)
        /// A comment.
        case comment
        /// A closing bracket stands where a value should.
        case missingValue(closing: Character)
        /// Something else stands where a value should, beginning with these characters.
        case notAValue(String)
        /// Brackets nest deeper than this.
        case depth(Int)
        /// Something follows the value.
        case extraText
        /// What the reader of the values objects to.
        case content(String)
    }

    /// What is wrong.
    public let kind: Kind
    /// Byte offset at which reading stopped.
    public let offset: Int
    /// Byte offset at which the wrong piece begins: the quote of a string without end, the comma too many.
    public let start: Int
    /// Line of `start`, from 1.
    public let line: Int
    /// Byte of `start` in its line, from 1.
    public let column: Int

    public var description: String { "\(message) at byte \(offset)" }
}
