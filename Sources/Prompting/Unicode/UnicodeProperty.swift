/// Sets of code points by name, equal to what the parts of Hugging Face's `tokenizers` take them for.
enum UnicodeProperty {
    private static let categoryNames = [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
    ]
    private static let scriptNames = [
        "Han", "Hiragana", "Katakana", "Hangul", "Latin", "Greek", "Cyrillic", "Arabic", "Hebrew", "Thai",
    ]
    private static let longNames = [
        "letter": "l", "uppercase_letter": "lu", "lowercase_letter": "ll", "titlecase_letter": "lt",
        "modifier_letter": "lm", "other_letter": "lo", "mark": "m", "nonspacing_mark": "mn", "spacing_mark": "mc",
        "enclosing_mark": "me", "number": "n", "decimal_number": "nd", "letter_number": "nl", "other_number": "no",
        "punctuation": "p", "punct": "p", "symbol": "s", "separator": "z", "space_separator": "zs", "other": "c",
        "control": "cc", "format": "cf", "private_use": "co", "unassigned": "cn",
    ]

    /// Lower-case name to set: categories, their groups by first letter, scripts.
    private static let sets: [String: CodePointSet] = {
        var sets: [String: CodePointSet] = [:]
        read(CategoryTables.categories, categoryNames, into: &sets)
        let assigned = sets.values.reduce(into: []) { $0 += $1.ranges }
        sets["cn"] = CodePointSet(assigned).inverted
        for group in ["l", "m", "n", "p", "s", "z", "c"] {
            sets[group] = CodePointSet(sets.filter { $0.key.hasPrefix(group) }.flatMap(\.value.ranges))
        }
        read(CategoryTables.scripts, scriptNames, into: &sets)
        sets["any"] = .all
        return sets
    }()

    private static func read(_ table: StaticString, _ names: [String], into sets: inout [String: CodePointSet]) {
        var numbers = PackedNumbers(table)
        for name in names {
            guard let count = numbers.next() else { return }
            var ranges: [Range<UInt32>] = []
            numbers.forEachRange(count: count) { ranges.append(UInt32($0.lowerBound)..<UInt32($0.upperBound)) }
            sets[name.lowercased()] = CodePointSet(ranges)
        }
    }

    /// The set of `\p{name}`, nil when this program has no table of it.
    static func named(_ name: String) -> CodePointSet? {
        let key = name.lowercased().replacing(" ", with: "_")
        return sets[longNames[key] ?? key]
    }

    /// `\d` of the pattern engine.
    static let digit = named("Nd") ?? .empty
    /// `\w` of the pattern engine.
    static let word = ["L", "M", "N", "Pc"].reduce(CodePointSet.empty) { $0.union(named($1) ?? .empty) }
    /// White space, the same in every part of the library.
    static let space = CodePointSet(table: CategoryTables.spaces)
    /// What the Digits step takes for a digit.
    static let numeric = CodePointSet(table: CategoryTables.numeric)
    /// What the Punctuation and BertPreTokenizer steps cut out.
    static let punctuation = CodePointSet(table: CategoryTables.punctuation)
    /// `\w` of the Whitespace step, another engine's.
    static let whitespaceWord = CodePointSet(table: UnicodeTables.words)
}
