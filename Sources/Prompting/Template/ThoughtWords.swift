/// The words around a model's reasoning, and what is done to reasoning in a conversation.
public struct ThoughtWords: Sendable, Hashable {
    public var open: String
    public var close: String
    /// GLM-4.7 writes an empty thought as the closing word alone.
    public var emptyIsCloseOnly: Bool

    public init(open: String = "<think>\n", close: String = "\n</think>\n\n", emptyIsCloseOnly: Bool = false) {
        self.open = open
        self.close = close
        self.emptyIsCloseOnly = emptyIsCloseOnly
    }

    /// A thought without content.
    var empty: String { emptyIsCloseOnly ? close : open + close }

    /// Whether either word, bare of white space, stands in the text.
    func appear(in text: String) -> Bool {
        text.bytesContain(open.stripped) || text.bytesContain(close.stripped)
    }

    /// The text without its thoughts and without the line breaks that then come first.
    func removed(from text: String) -> String {
        var result = ""
        var start = text.startIndex
        while let thought = text.enclosed(open, close, from: start) {
            result += text[start..<thought.range.lowerBound]
            start = thought.range.upperBound
        }
        result += text[start...]
        return String(decoding: result.utf8.drop { $0 == 0x0A }, as: UTF8.self)
    }
}
