extension JSONError {
    /// What is wrong, with what was expected.
    public var message: String {
        switch kind {
        case .unfinished(.string), .unfinished(.escape): "a string is not closed"
        case .unfinished: "the JSON ends too early"
        case .trailingComma: "a comma stands before the end of the list: remove it"
        case .extraComma: "a comma stands where a value should: remove it"
        case .missingComma(let closing, _): "expected '\(closing)'"
        case .missingColon: "expected ':'"
        case .missing(let character): "expected '\(character)'"
        case .unquotedKey: "expected a key in double quotes"
        case .singleQuotes: "single quotes are not JSON: write double quotes"
        case .controlCharacter: "a control character stands in a string: escape it"
        case .unknownEscape(let character): "'\\\(character)' is not an escape"
        case .hexDigits: "\\u wants four hexadecimal digits"
        case .loneSurrogate(let unit): "half of a surrogate pair, \\u\(String(unit, radix: 16)), stands alone"
        case .notUTF8: "a string is not UTF-8"
        case .number(let word), .foreignWord(let word): "'\(word)' is not a value"
        case .comment: "JSON has no comments: remove it"
        case .missingValue(let closing): "a value is missing before '\(closing)'"
        case .notAValue(let found): Self.notAValue(found)
        case .depth: "the JSON is nested too deeply"
        case .extraText: "extra text after the JSON"
        case .content(let message): message
        }
    }

    private static func notAValue(_ found: String) -> String {
        let word = found.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        return word.isEmpty ? "expected a value" : "'\(word)' is not a value"
    }
}
