/// Reads a regular expression in Oniguruma's Ruby syntax, as the patterns of tokenizer.json are written.
///
/// What needs more than one character of look-ahead (look-behind, back references, atomic groups, word boundaries) is
/// refused by name.
struct PatternParser {
    struct Failure: Error { var message: String }

    private let text: [Unicode.Scalar]
    private var position = 0
    private var ignoresCase = false
    /// Brackets that are open.
    private var depth = 0
    private static let maxDepth = 100

    private init(_ pattern: String) { text = Array(pattern.unicodeScalars) }

    static func parse(_ pattern: String) throws(Failure) -> PatternNode {
        var parser = PatternParser(pattern)
        let node = try parser.alternatives()
        guard parser.position == parser.text.count else { throw Failure(message: "a ')' too many") }
        return node
    }

    private var current: Unicode.Scalar? { position < text.count ? text[position] : nil }

    private mutating func take() throws(Failure) -> Unicode.Scalar {
        guard let scalar = current else { throw Failure(message: "the pattern ends too early") }
        position += 1
        return scalar
    }

    private mutating func skip(_ prefix: String) -> Bool {
        let scalars = Array(prefix.unicodeScalars)
        guard text[position...].starts(with: scalars) else { return false }
        position += scalars.count
        return true
    }

    private mutating func alternatives() throws(Failure) -> PatternNode {
        let outerCase = ignoresCase
        try enter()
        defer {
            ignoresCase = outerCase
            depth -= 1
        }
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func enter() throws(Failure) {
        depth += 1
        if depth > Self.maxDepth { throw Failure(message: "the pattern is nested too deeply") }
    }

    private mutating func sequence() throws(Failure) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            guard var node = try atom() else { continue }
            while let repeated = try quantified(node) { node = repeated }
            nodes.append(node)
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    /// One atom; nil for something that only changes options.
    private mutating func atom() throws(Failure) -> PatternNode? {
        let scalar = try take()
        switch scalar {
        case "(": return try group()
        case "[": return .character(try characterClass())
        case ".": return .character(CodePointSet(0x0A).inverted)
        case "$": return .next(in: CodePointSet(0x0A), orEnd: true)
        case "^": throw Failure(message: "'^' is not supported")
        case "*", "+", "?": throw Failure(message: "'\(scalar)' repeats nothing")
        case "\\":
            if skip("z") { return .next(in: .empty, orEnd: true) }
            return .character(folded(try escape()))
        default: return .character(folded(CodePointSet(scalar.value)))
        }
    }

    private mutating func group() throws(Failure) -> PatternNode? {
        if skip("?:") { return try closed() }
        if skip("?=") { return .next(in: try oneCharacter(), orEnd: false) }
        if skip("?!") { return .next(in: try oneCharacter().inverted, orEnd: true) }
        if skip("?i:") {
            let outer = ignoresCase
            ignoresCase = true
            defer { ignoresCase = outer }
            return try closed()
        }
        if skip("?i)") {
            ignoresCase = true
            return nil
        }
        if current == "?" {
            let name = String(String.UnicodeScalarView(text[position...].prefix(3)))
            throw Failure(message: "the group '(\(name)' is not supported")
        }
        return try closed()
    }

    private mutating func closed() throws(Failure) -> PatternNode {
        let node = try alternatives()
        guard skip(")") else { throw Failure(message: "a group is not closed") }
        return node
    }

    /// The contents of a look-ahead.
    private mutating func oneCharacter() throws(Failure) -> CodePointSet {
        func set(of node: PatternNode) -> CodePointSet? {
            switch node {
            case .character(let set): return set
            case .alternatives(let nodes):
                let sets = nodes.compactMap(set(of:))
                return sets.count == nodes.count ? sets.reduce(.empty) { $0.union($1) } : nil
            default: return nil
            }
        }
        guard let set = set(of: try closed()) else {
            throw Failure(message: "a look-ahead of other than one character is not supported")
        }
        return set
    }

    // MARK: Quantifiers

    private mutating func quantified(_ node: PatternNode) throws(Failure) -> PatternNode? {
        let start = position
        switch current {
        case "*":
            position += 1
            return try withGreed(node, 0, nil)
        case "+":
            position += 1
            return try withGreed(node, 1, nil)
        case "?":
            position += 1
            return try withGreed(node, 0, 1)
        case "{":
            position += 1
            let low = number()
            let high = skip(",") ? (number(), true) : (low, false)
            guard skip("}"), low != nil || high.0 != nil else {
                // A brace that is no quantifier stands for itself.
                position = start + 1
                return .sequence([node, .character(CodePointSet(0x7B))])
            }
            guard (low ?? 0) <= (high.0 ?? .max), max(low ?? 0, high.0 ?? 0) <= 1000 else {
                throw Failure(message: "a repeat count is out of range")
            }
            // In this syntax a plus after braces repeats again instead of taking possession.
            let isLazy = high.1 && skip("?")
            return .repeated(node, min: low ?? 0, max: high.1 ? high.0 : low, isLazy ? .lazy : .greedy)
        default: return nil
        }
    }

    private mutating func withGreed(_ node: PatternNode, _ low: Int, _ high: Int?) throws(Failure) -> PatternNode {
        if skip("?") { return .repeated(node, min: low, max: high, .lazy) }
        guard skip("+") else { return .repeated(node, min: low, max: high, .greedy) }
        guard case .character = node else {
            throw Failure(message: "a possessive repeat of more than one character is not supported")
        }
        return .repeated(node, min: low, max: high, .possessive)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = current.flatMap({ Character($0).wholeNumberValue }), current?.isASCII == true {
            value = min((value ?? 0) * 10 + digit, 1_000_000)
            position += 1
        }
        return value
    }

    // MARK: Sets

    /// The set after a backslash.
    private mutating func escape() throws(Failure) -> CodePointSet {
        let scalar = try take()
        switch scalar {
        case "p", "P": return try property(isNegated: scalar == "P")
        case "s": return UnicodeProperty.space
        case "S": return UnicodeProperty.space.inverted
        case "d": return UnicodeProperty.digit
        case "D": return UnicodeProperty.digit.inverted
        case "w": return UnicodeProperty.word
        case "W": return UnicodeProperty.word.inverted
        case "h": return CodePointSet("0123456789abcdefABCDEF")
        case "H": return CodePointSet("0123456789abcdefABCDEF").inverted
        case "n": return CodePointSet(0x0A)
        case "r": return CodePointSet(0x0D)
        case "t": return CodePointSet(0x09)
        case "f": return CodePointSet(0x0C)
        case "v": return CodePointSet(0x0B)
        case "a": return CodePointSet(0x07)
        case "e": return CodePointSet(0x1B)
        case "x":
            guard skip("{") else { return CodePointSet(try hexadecimal(2)) }
            let point = try hexadecimal(8)
            guard skip("}") else { throw Failure(message: "'\\x{' is not closed") }
            return CodePointSet(point)
        case "u": return CodePointSet(try hexadecimal(4))
        default:
            guard !scalar.properties.isAlphabetic, !("0"..."9" ~= scalar) else {
                throw Failure(message: "the escape '\\\(scalar)' is not supported")
            }
            return CodePointSet(scalar.value)
        }
    }

    private mutating func hexadecimal(_ maxDigits: Int) throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        var count = 0
        while count < maxDigits, let digit = current.flatMap({ Character($0).hexDigitValue }), value < 0x110000 {
            value = value * 16 + UInt32(digit)
            position += 1
            count += 1
        }
        guard count > 0, value < CodePointSet.limit else { throw Failure(message: "a code point is out of range") }
        return value
    }

    private mutating func property(isNegated: Bool) throws(Failure) -> CodePointSet {
        guard skip("{") else { throw Failure(message: "'\\p' wants a name in braces") }
        let isInverted = skip("^") != isNegated
        var name = ""
        while let scalar = current, scalar != "}" {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard skip("}"), let set = UnicodeProperty.named(name) else {
            throw Failure(message: "the property '\\p{\(name)}' is not supported")
        }
        return isInverted ? set.inverted : set
    }

    /// A class after its opening bracket: nested classes and `&&` as Oniguruma has them.
    private mutating func characterClass() throws(Failure) -> CodePointSet {
        try enter()
        defer { depth -= 1 }
        let isInverted = skip("^")
        var done: CodePointSet?
        var set = CodePointSet.empty
        var isFirst = true
        while true {
            if !isFirst, skip("]") { break }
            if skip("&&") {
                done = done?.intersection(set) ?? set
                set = .empty
                continue
            }
            let low = try member()
            isFirst = false
            if low.count == 1, let start = low.ranges.first?.lowerBound, current == "-", position + 1 < text.count,
                text[position + 1] != "]"
            {
                position += 1
                let high = try member()
                guard high.count == 1, let end = high.ranges.first?.lowerBound, end >= start else {
                    throw Failure(message: "a range in a class has no end or runs backwards")
                }
                set = set.union(CodePointSet([start..<end + 1]))
            } else {
                set = set.union(low)
            }
        }
        let all = folded(done?.intersection(set) ?? set)
        return isInverted ? all.inverted : all
    }

    private mutating func member() throws(Failure) -> CodePointSet {
        let scalar = try take()
        switch scalar {
        case "[":
            guard current != ":" else {
                throw Failure(message: "POSIX classes such as '[:alpha:]' are not supported")
            }
            return try characterClass()
        case "\\": return skip("b") ? CodePointSet(0x08) : try escape()
        default: return CodePointSet(scalar.value)
        }
    }

    /// With the other cases of its letters where case is to be ignored.
    private func folded(_ set: CodePointSet) -> CodePointSet {
        // Large sets are properties, which this syntax does not fold in effect.
        guard ignoresCase, set.count < 4096 else { return set }
        var result = set.ranges
        for point in set.ranges.joined() {
            guard let scalar = Unicode.Scalar(point) else { continue }
            for text in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] {
                if let other = text.unicodeScalars.first, text.unicodeScalars.count == 1 {
                    result.append(other.value..<other.value + 1)
                }
            }
            // Long s and the Kelvin sign are an s and a k to a matcher that ignores case.
            if point | 0x20 == 0x73 { result.append(0x17F..<0x180) }
            if point | 0x20 == 0x6B { result.append(0x212A..<0x212B) }
        }
        return CodePointSet(result)
    }
}
