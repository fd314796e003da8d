/// Cuts a template into words as Jinja does with `trim_blocks` and `lstrip_blocks`.
struct Lexer {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var line = 1
    private var words: [Token] = []
    /// Whether the text that comes next starts a line, which `lstrip_blocks` asks for.
    private var startsLine = true

    init(_ source: String) {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(source.utf8.count)
        var follows = false
        for scalar in source.unicodeScalars {
            if scalar == "\n", follows {
                follows = false
                continue
            }
            follows = scalar == "\r"
            scalars.append(follows ? "\n" : scalar)
        }
        if scalars.last == "\n" { scalars.removeLast() }
        self.source = scalars
    }

    /// All words, ended by `.end`.
    func tokens() throws -> [Token] {
        var lexer = self
        try lexer.run()
        return lexer.words
    }

    private mutating func run() throws {
        while position < source.count {
            guard let tag = nextTag() else {
                add(.data, text(position..<source.count), startLine: line)
                break
            }
            try lexTag(at: tag)
        }
        words.append(Token(kind: .end, text: "", line: line))
    }

    /// The place of the next `{{`, `{%` or `{#`.
    private func nextTag() -> Int? {
        var index = position
        while index + 1 < source.count {
            if source[index] == "{", ["{", "%", "#"].contains(source[index + 1]) { return index }
            index += 1
        }
        return nil
    }

    private mutating func lexTag(at tag: Int) throws {
        let mark = source[tag + 1]
        let sign = tag + 2 < source.count ? source[tag + 2] : " "
        let hasSign = sign == "-" || sign == "+"
        addText(position..<tag, sign: hasSign ? sign : nil, strips: mark != "{")
        position = tag + 2 + (hasSign ? 1 : 0)
        switch mark {
        case "#":
            if position == source.count { return }
            guard let close = find("#}", from: position) else {
                throw JinjaError(.syntax, "a comment has no end", line: line)
            }
            closeTag(at: close, bodyStart: position)
        case "%":
            if try lexRaw() { return }
            words.append(Token(kind: .blockBegin, text: "", line: line))
            try lexCode(closing: "%")
        default:
            words.append(Token(kind: .variableBegin, text: "", line: line))
            try lexCode(closing: "}")
        }
    }

    /// Adds the text before a tag, without the white space its sign or `lstrip_blocks` takes away.
    private mutating func addText(_ range: Range<Int>, sign: Unicode.Scalar?, strips: Bool) {
        var end = range.upperBound
        if sign == "-" {
            while end > range.lowerBound, source[end - 1].isPythonSpace { end -= 1 }
        } else if sign == nil, strips {
            var start = end
            while start > range.lowerBound, source[start - 1] != "\n" { start -= 1 }
            if start > range.lowerBound || startsLine, start < end,
                source[start..<end].allSatisfy(\.isPythonSpace)
            {
                end = start
            }
        }
        add(.data, text(range.lowerBound..<end), startLine: line)
        line += newlines(in: range)
        startsLine = false
    }

    /// Goes behind a comment's or raw block's end, whose sign or `trim_blocks` takes white space away.
    private mutating func closeTag(at close: Int, bodyStart: Int) {
        let sign = close > bodyStart ? source[close - 1] : " "
        var end = close + 2
        if sign == "-" {
            while end < source.count, source[end].isPythonSpace { end += 1 }
        } else if sign != "+", end < source.count, source[end] == "\n" {
            end += 1
        }
        line += newlines(in: position..<end)
        startsLine = source[end - 1] == "\n"
        position = end
    }

    /// Reads `{% raw %}…{% endraw %}`; false when the block is another one.
    private mutating func lexRaw() throws -> Bool {
        var index = position
        skipSpace(&index)
        guard word(at: index) == "raw" else { return false }
        index += 3
        skipSpace(&index)
        let strips = index < source.count && source[index] == "-"
        if strips { index += 1 }
        guard matches("%}", at: index) else { return false }
        index += 2
        if strips { skipSpace(&index) }
        line += newlines(in: position..<index)
        position = index
        startsLine = source[index - 1] == "\n"
        while let tag = find("{%", from: index) {
            var inner = tag + 2
            let sign = inner < source.count && (source[inner] == "-" || source[inner] == "+") ? source[inner] : nil
            if sign != nil { inner += 1 }
            skipSpace(&inner)
            if word(at: inner) == "endraw" {
                inner += 6
                skipSpace(&inner)
                let bodyStart = inner
                if inner < source.count, source[inner] == "-" || source[inner] == "+" { inner += 1 }
                if matches("%}", at: inner) {
                    addText(position..<tag, sign: sign, strips: true)
                    position = tag
                    closeTag(at: inner, bodyStart: bodyStart)
                    return true
                }
            }
            index = tag + 2
        }
        throw JinjaError(.syntax, "a raw block has no end", line: line)
    }

    /// Reads the words of a tag up to its end (`%}` or `}}`).
    private mutating func lexCode(closing: Unicode.Scalar) throws {
        var brackets: [Unicode.Scalar] = []
        while true {
            skipSpaceCountingLines()
            guard position < source.count else {
                throw JinjaError(.syntax, "a tag has no end: \(closing)} is missing", line: line)
            }
            if brackets.isEmpty, endTag(closing) { return }
            try lexWord(&brackets)
        }
    }

    private mutating func endTag(_ closing: Unicode.Scalar) -> Bool {
        let isBlock = closing == "%"
        let first = source[position]
        let hasSign = first == "-" || (isBlock && first == "+")
        let start = position + (hasSign ? 1 : 0)
        guard start + 1 < source.count, source[start] == closing, source[start + 1] == "}" else { return false }
        words.append(Token(kind: isBlock ? .blockEnd : .variableEnd, text: "", line: line))
        var end = start + 2
        if first == "-" {
            while end < source.count, source[end].isPythonSpace { end += 1 }
        } else if isBlock, !hasSign, end < source.count, source[end] == "\n" {
            end += 1
        }
        line += newlines(in: position..<end)
        startsLine = source[end - 1] == "\n"
        position = end
        return true
    }

    private mutating func lexWord(_ brackets: inout [Unicode.Scalar]) throws {
        let scalar = source[position]
        if scalar.isASCIIDigit { return try lexNumber() }
        if scalar.isWordCharacter {
            let name = word(at: position)
            add(.name, name, startLine: line)
            position += name.unicodeScalars.count
            return
        }
        if scalar == "'" || scalar == "\"" { return try lexString(scalar) }
        let pairs = ["**", "//", "==", "!=", ">=", "<="]
        let two = text(position..<min(position + 2, source.count))
        let symbol = pairs.contains(two) ? two : String(Character(scalar))
        guard pairs.contains(symbol) || "+-/*%~[](){}><=.:|,;".unicodeScalars.contains(scalar) else {
            throw JinjaError(.syntax, "unexpected character '\(scalar)'", line: line)
        }
        switch scalar {
        case "(": brackets.append(")")
        case "[": brackets.append("]")
        case "{": brackets.append("}")
        case ")", "]", "}":
            guard let expected = brackets.popLast() else {
                throw JinjaError(.syntax, "unexpected '\(scalar)'", line: line)
            }
            guard expected == scalar else {
                throw JinjaError(.syntax, "unexpected '\(scalar)', expected '\(expected)'", line: line)
            }
        default: break
        }
        add(.symbol, symbol, startLine: line)
        position += symbol.unicodeScalars.count
    }

    private mutating func lexString(_ quote: Unicode.Scalar) throws {
        var end = position + 1
        while end < source.count, source[end] != quote { end += source[end] == "\\" ? 2 : 1 }
        guard end < source.count else { throw JinjaError(.syntax, "a string has no end", line: line) }
        let value = try StringLiteral.unescape(source[position + 1..<end], line: line)
        words.append(Token(kind: .string, text: value, line: line))
        line += newlines(in: position..<end)
        position = end + 1
    }

    /// Python's numbers: underscores between digits, `0x`, `0o`, `0b`, exponents.
    private mutating func lexNumber() throws {
        var end = position
        let follows = position > 0 && source[position - 1] == "."
        func digits(_ start: Int, _ isDigit: (Unicode.Scalar) -> Bool) -> Int {
            var index = start
            while index < source.count,
                isDigit(source[index])
                    || (source[index] == "_" && index > start && index + 1 < source.count && isDigit(source[index + 1]))
            {
                index += 1
            }
            return index
        }
        let prefix = end + 1 < source.count ? text(end..<end + 2).lowercased() : ""
        let bases: [String: (Int, String)] = [
            "0x": (16, "0123456789abcdefABCDEF"), "0o": (8, "01234567"), "0b": (2, "01"),
        ]
        if let (base, alphabet) = bases[prefix] {
            let stop = digits(end + 2) { alphabet.unicodeScalars.contains($0) }
            if stop > end + 2 {
                return try addInteger(text(end + 2..<stop).filter { $0 != "_" }, base: base, end: stop)
            }
        }
        end = digits(position, \.isASCIIDigit)
        var isFloat = false
        if !follows {
            if end + 1 < source.count, source[end] == ".", source[end + 1].isASCIIDigit {
                end = digits(end + 1, \.isASCIIDigit)
                isFloat = true
            }
            if end < source.count, source[end] == "e" || source[end] == "E" {
                let signed = end + 1 < source.count && (source[end + 1] == "+" || source[end + 1] == "-")
                let start = end + (signed ? 2 : 1)
                let stop = digits(start, \.isASCIIDigit)
                if stop > start {
                    end = stop
                    isFloat = true
                }
            }
        }
        let value = text(position..<end).filter { $0 != "_" }
        guard isFloat else {
            // Python reads 007 as 0, 0 and 7, which no expression allows.
            return try addInteger(value, base: 10, end: end)
        }
        add(.float, value, startLine: line)
        position = end
    }

    private mutating func addInteger(_ digits: String, base: Int, end: Int) throws {
        guard let value = Int(digits, radix: base) else {
            throw JinjaError(.syntax, "the number \(digits.prefix(40)) is too large", line: line)
        }
        words.append(Token(kind: .integer, text: String(value), line: line))
        position = end
    }

    private func text(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: source[range])
        return String(view)
    }

    private func word(at start: Int) -> String {
        var end = start
        while end < source.count, source[end].isWordCharacter { end += 1 }
        return text(start..<end)
    }

    private func matches(_ text: String, at start: Int) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return start + scalars.count <= source.count && source[start..<start + scalars.count].elementsEqual(scalars)
    }

    private func find(_ text: String, from start: Int) -> Int? {
        let scalars = Array(text.unicodeScalars)
        var index = start
        while index + scalars.count <= source.count {
            if source[index] == scalars[0], source[index + 1] == scalars[1] { return index }
            index += 1
        }
        return nil
    }

    private func newlines(in range: Range<Int>) -> Int { source[range].count { $0 == "\n" } }

    private func skipSpace(_ index: inout Int) {
        while index < source.count, source[index].isPythonSpace { index += 1 }
    }

    private mutating func skipSpaceCountingLines() {
        while position < source.count, source[position].isPythonSpace {
            if source[position] == "\n" { line += 1 }
            position += 1
        }
    }

    private mutating func add(_ kind: Token.Kind, _ text: String, startLine: Int) {
        if kind == .data, text.isEmpty { return }
        words.append(Token(kind: kind, text: text, line: startLine))
    }
}
