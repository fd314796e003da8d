/// One word of a template.
struct Token {
    enum Kind: Equatable {
        case data, blockBegin, blockEnd, variableBegin, variableEnd
        case name, string, integer, float
        case symbol
        case end
    }

    var kind: Kind
    /// The name, the symbol, or the text of a string or of data.
    var text: String
    var line: Int

    /// For messages.
    var description: String {
        switch kind {
        case .data: "text"
        case .blockBegin: "{%"
        case .blockEnd: "%}"
        case .variableBegin: "{{"
        case .variableEnd: "}}"
        case .end: "the end of the template"
        case .string: "a string"
        case .name, .integer, .float, .symbol: "'\(text)'"
        }
    }
}
