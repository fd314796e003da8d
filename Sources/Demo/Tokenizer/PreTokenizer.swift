import Foundation

/// Cuts a text into the pieces inside which byte pairs may merge.
struct PreTokenizer {
    /// The pattern of Qwen2's tokenizer: contractions, words with one leading mark, single digits, marks, line ends, blanks.
    static let pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private let expression: NSRegularExpression

    init() throws { expression = try NSRegularExpression(pattern: Self.pattern) }

    /// The pieces of `text`, in order; together they are `text`.
    func pieces(of text: String) -> [String] {
        let whole = text as NSString
        return expression.matches(in: text, range: NSRange(location: 0, length: whole.length)).map {
            whole.substring(with: $0.range)
        }
    }
}
