/// Reads a regular expression: what Python's `re` and ECMAScript have in common, without what would need to look around or
/// back (anchors elsewhere than at the ends, look-around, back-references).
struct RegexParser {
    private static let maxLength = 16_384
    private static let maxDepth = 64
    private static let maxRepeat = 10_000

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0
    /// Makes the expression of one character out of a set.
    private let character: (ScalarSet) -> Expression

    /// The expression of a whole pattern.
    ///
    /// - Parameters:
    ///   - isSearch: whether a match anywhere counts (JSON Schema) unless `^` and `$` say otherwise.
    ///   - character: how one character of a set is written, its UTF-8 unless told otherwise.
    static func parse(
        _ pattern: String, isSearch: Bool = false, character: @escaping (ScalarSet) -> Expression = { $0.expression }
    ) throws(ConstraintError) -> Expression {
        guard pattern.utf8.count <= maxLength else { throw ConstraintError("is longer than \(maxLength) bytes") }
        var scalars = Array(pattern.unicodeScalars)
        var isOpenStart = isSearch, isOpenEnd = isSearch
        if scalars.first == "^" {
            scalars.removeFirst()
            isOpenStart = false
        }
        if scalars.last == "$", scalars.dropLast().reversed().prefix(while: { $0 == "\\" }).count % 2 == 0 {
            scalars.removeLast()
            isOpenEnd = false
        }
        var parser = RegexParser(scalars, character)
        let body = try parser.alternatives()
        guard parser.index == scalars.count else { throw ConstraintError("has a ) without its (") }
        let anything = Expression.repeated(character(.all), least: 0, most: nil)
        return .sequence((isOpenStart ? [anything] : []) + [body] + (isOpenEnd ? [anything] : []))
    }

    private init(_ scalars: [Unicode.Scalar], _ character: @escaping (ScalarSet) -> Expression) {
        self.scalars = scalars
        self.character = character
    }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        index += 1
        return true
    }

    private mutating func next() throws(ConstraintError) -> Unicode.Scalar {
        guard let scalar = peek else { throw ConstraintError("ends too early") }
        index += 1
        return scalar
    }

    private mutating func alternatives() throws(ConstraintError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else { throw ConstraintError("is nested too deeply") }
        var options = [try sequence()]
        while take("|") { options.append(try sequence()) }
        return options.count == 1 ? options[0] : .choice(options)
    }

    private mutating func sequence() throws(ConstraintError) -> Expression {
        var parts: [Expression] = []
        while let scalar = peek, scalar != "|", scalar != ")" { parts.append(try repeated(atom())) }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repeated(_ atom: Expression) throws(ConstraintError) -> Expression {
        var result = atom
        var numRepeats = 0
        while let scalar = peek {
            let bounds: (Int, Int?)
            switch scalar {
            case "*": bounds = (0, nil)
            case "+": bounds = (1, nil)
            case "?": bounds = (0, 1)
            case "{":
                guard let counts = counts() else { return result }
                bounds = counts
            default: return result
            }
            if scalar != "{" { index += 1 }
            numRepeats += 1
            guard numRepeats == 1 else { throw ConstraintError("repeats a repetition") }
            // A lazy repetition allows the same texts.
            _ = take("?")
            guard bounds.0 <= Self.maxRepeat, bounds.1 ?? 0 <= Self.maxRepeat, bounds.0 <= bounds.1 ?? .max else {
                throw ConstraintError("has a repetition that is not between 0 and \(Self.maxRepeat)")
            }
            result = .repeated(result, least: bounds.0, most: bounds.1)
        }
        return result
    }

    /// `{m}`, `{m,}` or `{m,n}`; nil, and nothing read, for other text.
    private mutating func counts() -> (Int, Int?)? {
        var place = index + 1
        func number() -> Int? {
            var value: Int?
            while place < scalars.count, let digit = Int(String(Character(scalars[place]))), scalars[place].isASCII {
                value = min((value ?? 0) * 10 + digit, 1_000_000)
                place += 1
            }
            return value
        }
        let least = number()
        var most = least
        if place < scalars.count, scalars[place] == "," {
            place += 1
            most = number()
        }
        guard place < scalars.count, scalars[place] == "}", least != nil || most != nil else { return nil }
        index = place + 1
        return (least ?? 0, most)
    }

    private mutating func atom() throws(ConstraintError) -> Expression {
        let scalar = try next()
        switch scalar {
        case "(": return try group()
        case "[": return character(try set())
        case ".": return character(ScalarSet("\n").inverted)
        case "^", "$": throw ConstraintError("has a \(scalar) elsewhere than at its ends")
        case "*", "+", "?": throw ConstraintError("has a \(scalar) with nothing to repeat")
        case "\\":
            let escaped = try escape(inSet: false)
            return character(escaped)
        default: return character(ScalarSet([scalar.value...scalar.value]))
        }
    }

    private mutating func group() throws(ConstraintError) -> Expression {
        if take("?") {
            let kind = try next()
            switch kind {
            case ":": break
            case "P", "<":
                if kind == "P", !take("<") { throw ConstraintError("has a group (?P that is not supported") }
                guard let first = peek, first != "=", first != "!" else {
                    throw ConstraintError("looks behind, which is not supported")
                }
                while try next() != ">" {}
            default: throw ConstraintError("has a group (?\(kind) that is not supported")
            }
        }
        let body = try alternatives()
        guard take(")") else { throw ConstraintError("has a ( without its )") }
        return body
    }

    /// A set in brackets, after the opening one.
    private mutating func set() throws(ConstraintError) -> ScalarSet {
        let isInverted = take("^")
        // Joined at the end: a set of thousands of characters must not be sorted as often.
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while true {
            var scalar = try next()
            if scalar == "]", !isFirst { break }
            isFirst = false
            var low = ScalarSet([scalar.value...scalar.value])
            if scalar == "\\" { low = try escape(inSet: true) }
            guard peek == "-", index + 1 < scalars.count, scalars[index + 1] != "]", let start = low.single else {
                ranges += low.ranges
                continue
            }
            index += 1
            scalar = try next()
            var high = ScalarSet([scalar.value...scalar.value])
            if scalar == "\\" { high = try escape(inSet: true) }
            guard let end = high.single, start <= end else {
                throw ConstraintError("has a range in brackets that is upside down")
            }
            ranges.append(start...end)
        }
        let set = isInverted ? ScalarSet(ranges).inverted : ScalarSet(ranges)
        guard !set.isEmpty else { throw ConstraintError("has an empty set") }
        return set
    }

    private static let digits = ScalarSet([0x30...0x39])
    private static let words = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    private static let spaces = ScalarSet(" \t\n\r\u{0B}\u{0C}")

    private mutating func escape(inSet: Bool) throws(ConstraintError) -> ScalarSet {
        let scalar = try next()
        switch scalar {
        case "d": return Self.digits
        case "D": return Self.digits.inverted
        case "w": return Self.words
        case "W": return Self.words.inverted
        case "s": return Self.spaces
        case "S": return Self.spaces.inverted
        case "n": return ScalarSet("\n")
        case "r": return ScalarSet("\r")
        case "t": return ScalarSet("\t")
        case "f": return ScalarSet("\u{0C}")
        case "v": return ScalarSet("\u{0B}")
        case "b" where inSet: return ScalarSet("\u{08}")
        case "0": return ScalarSet("\0")
        case "x": return try hex(2)
        case "u":
            if take("{") {
                var digits = ""
                while let digit = peek, digit != "}" {
                    digits.unicodeScalars.append(digit)
                    index += 1
                }
                _ = take("}")
                return try Self.set(hex: digits)
            }
            return try hex(4)
        case "U": return try hex(8)
        default:
            if scalar.isASCII, scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
                throw ConstraintError("has \\\(scalar), which is not supported")
            }
            return ScalarSet([scalar.value...scalar.value])
        }
    }

    private mutating func hex(_ count: Int) throws(ConstraintError) -> ScalarSet {
        var digits = ""
        for _ in 0..<count { digits.unicodeScalars.append(try next()) }
        return try Self.set(hex: digits)
    }

    private static func set(hex: String) throws(ConstraintError) -> ScalarSet {
        guard let value = UInt32(hex, radix: 16), Unicode.Scalar(value) != nil else {
            throw ConstraintError("has \\u or \\x without a character's number")
        }
        return ScalarSet([value...value])
    }
}

extension ScalarSet {
    /// The only scalar of the set.
    fileprivate var single: UInt32? {
        ranges.count == 1 && ranges[0].lowerBound == ranges[0].upperBound ? ranges[0].lowerBound : nil
    }
}
