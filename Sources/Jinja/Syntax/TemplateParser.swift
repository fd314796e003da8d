/// Reads the words of a template: Jinja's grammar.
struct TemplateParser {
    /// Brackets in brackets and blocks in blocks.
    static let maxDepth = 100
    /// Terms of one sum, links of one chain of attributes, filters in a row.
    static let maxChain = 250

    var tokens: [Token]
    var index = 0
    var depth = 0
    /// Loops around this place within one macro, for `break` and `continue`.
    var numLoops = 0
    /// The names read since the innermost macro began.
    var usedNames: Set<String> = []

    init(_ tokens: [Token]) { self.tokens = tokens }

    var current: Token { tokens[index] }
    var next: Token { tokens[min(index + 1, tokens.count - 1)] }

    func fail(_ message: String, line: Int? = nil) -> JinjaError {
        JinjaError(.syntax, message, line: line ?? current.line)
    }

    @discardableResult
    mutating func advance() -> Token {
        let token = current
        if index < tokens.count - 1 { index += 1 }
        return token
    }

    func isSymbol(_ text: String) -> Bool { current.kind == .symbol && current.text == text }
    func isName(_ text: String) -> Bool { current.kind == .name && current.text == text }

    mutating func skipSymbol(_ text: String) -> Bool {
        guard isSymbol(text) else { return false }
        advance()
        return true
    }

    mutating func skipName(_ text: String) -> Bool {
        guard isName(text) else { return false }
        advance()
        return true
    }

    mutating func expectSymbol(_ text: String) throws {
        guard skipSymbol(text) else { throw fail("expected '\(text)', got \(current.description)") }
    }

    mutating func expectName() throws -> String {
        guard current.kind == .name else { throw fail("expected a name, got \(current.description)") }
        return advance().text
    }

    mutating func expectWord(_ text: String) throws {
        guard skipName(text) else { throw fail("expected '\(text)', got \(current.description)") }
    }

    mutating func expectBlockEnd() throws {
        guard current.kind == .blockEnd else { throw fail("expected '%}', got \(current.description)") }
        advance()
    }

    /// Runs `read` one level deeper.
    mutating func nested<Result>(_ read: (inout Self) throws -> Result) throws -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else {
            throw fail("expressions or blocks are nested deeper than \(Self.maxDepth)")
        }
        return try read(&self)
    }

    func checkChain(_ count: Int) throws {
        guard count <= Self.maxChain else { throw fail("an expression has more than \(Self.maxChain) parts in a row") }
    }

    /// The whole template.
    mutating func parse() throws -> [Statement] {
        let body = try parseBody(until: [], of: nil)
        guard current.kind == .end else { throw fail("unexpected \(current.description)") }
        return body
    }

    /// Statements up to a tag that begins with one of `ends`, whose name is then current.
    mutating func parseBody(until ends: Set<String>, of block: (name: String, line: Int)?) throws -> [Statement] {
        try nested { parser in
            var body: [Statement] = []
            while true {
                let token = parser.current
                switch token.kind {
                case .data:
                    body.append(.text(parser.advance().text))
                case .variableBegin:
                    parser.advance()
                    let line = parser.current.line
                    body.append(.output(try parser.parseTuple(), line: line))
                    guard parser.current.kind == .variableEnd else {
                        throw parser.fail("expected '}}', got \(parser.current.description)")
                    }
                    parser.advance()
                case .blockBegin:
                    parser.advance()
                    guard parser.current.kind == .name else {
                        throw parser.fail("expected the name of a tag, got \(parser.current.description)")
                    }
                    if ends.contains(parser.current.text) { return body }
                    body += try parser.parseStatement(inside: block, ends)
                    try parser.expectBlockEnd()
                default:
                    guard let block else { return body }
                    throw parser.fail(
                        "the template ends before \(ends.sorted().map { "{% \($0) %}" }.joined(separator: " or ")) "
                            + "of {% \(block.name) %} in line \(block.line)")
                }
            }
        }
    }

    /// The body of a block whose opening tag ends here; the closing tag's name is left current.
    mutating func parseBlock(_ name: String, _ line: Int, until ends: Set<String>) throws -> [Statement] {
        _ = skipSymbol(":")
        try expectBlockEnd()
        return try parseBody(until: ends, of: (name, line))
    }

    /// The body of a block up to its only closing tag.
    mutating func parseBlock(_ name: String, _ line: Int) throws -> [Statement] {
        let body = try parseBlock(name, line, until: ["end\(name)"])
        advance()
        return body
    }
}
