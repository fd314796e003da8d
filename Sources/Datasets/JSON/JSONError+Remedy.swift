import JSON

extension JSONError {
    /// What is wrong, in the words of someone who has to repair a data file.
    ///
    /// - Parameter list: what the list is called in which a comma may be missing.
    func remedy(list: String = "list") -> String {
        switch kind {
        case .unfinished(let piece): Self.truncation(piece, list: list)
        case .trailingComma(let closing): "there is a comma before the closing \(closing): remove the comma"
        case .extraComma: "there is a comma too many: remove it"
        case .missingComma(let closing, let found):
            "a comma or \(closing) is missing in the \(closing == "]" ? list : "object") before '\(found)'"
        case .missingColon(let key): "a colon is missing after \"\(key)\""
        case .unquotedKey(inSingleQuotes: false): "a key must be text in double quotes: write \"key\""
        case .unquotedKey(inSingleQuotes: true), .singleQuotes:
            "single quotes are not JSON: write double quotes (\"text\")"
        case .controlCharacter(0x0A), .controlCharacter(0x0D): "a line end inside text: write \\n"
        case .controlCharacter: "a control character inside text: write \\t or \\u00XX"
        case .unknownEscape(let character): "\\\(character) is not an escape of JSON: write \\\\ for a backslash"
        case .hexDigits: "\\u needs four hexadecimal digits"
        case .loneSurrogate(let unit):
            "half of a surrogate pair (\\u\(String(unit, radix: 16))) stands alone: remove it"
        case .notUTF8: "the text is not UTF-8: save the file as UTF-8"
        case .number(let word): "'\(word)' is not a number that JSON allows"
        case .foreignWord(let word): Self.translation(of: word)
        case .comment: "JSON has no comments: remove it"
        case .missingValue(let closing): "a value is missing before \(closing)"
        case .notAValue(let found) where found.hasPrefix("\0"):
            "the file holds zeros here, writing it broke off: write or download it again"
        case .notAValue(let found): "'\(found)' is not a JSON value; text needs double quotes"
        case .depth(let depth): "the value is nested more than \(depth) deep"
        case .missing, .extraText, .content: message
        }
    }

    private static func truncation(_ piece: Kind.Unfinished, list: String) -> String {
        switch piece {
        case .value: "the file ends where a value should be: it is truncated"
        case .object: "the file ends within an object: it is truncated"
        case .list(let closing):
            "the file ends within the \(closing == "]" ? list : "object"): it is truncated, a \(closing) is missing"
        case .string: "the text that starts here has no closing quote: the file is truncated"
        case .escape: "the file ends within text: it is truncated"
        }
    }

    private static func translation(of word: String) -> String {
        switch word {
        case "None": "None is Python: write null"
        case "True", "False": "\(word) is Python: write \(word.lowercased())"
        case "Infinity": "Infinity is not JSON: write a number or null"
        default: "\(word) is not JSON: write null"
        }
    }
}
