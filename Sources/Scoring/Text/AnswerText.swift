import Foundation

/// What of a text is the answer, and when two answers count as the same.
enum AnswerText {
    /// The text without its thinking part.
    struct Answer: Sendable, Equatable {
        var text: String
        var hasThought = false
        /// The thought was begun and never closed: there is no answer.
        var isThoughtOpen = false
    }

    /// Takes `<think>…</think>` away; a thought that is only closed began in the prompt.
    static func withoutThought(_ text: String) -> Answer {
        let opening = text.range(of: "<think>")
        if let closing = text.range(of: "</think>", options: .backwards) {
            let head = opening.map { $0.lowerBound < closing.lowerBound ? String(text[..<$0.lowerBound]) : "" } ?? ""
            return Answer(text: trimmed(head + text[closing.upperBound...]), hasThought: true)
        }
        guard let opening else { return Answer(text: text) }
        return Answer(text: trimmed(String(text[..<opening.lowerBound])), hasThought: true, isThoughtOpen: true)
    }

    /// Without blanks around it.
    static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }

    /// The text in which case, width, punctuation and blanks make no difference: compatibility forms are made equal
    /// (`ＡＢＣ` is `abc`), then everything that is no letter, mark, number or symbol goes. A text that is punctuation only
    /// keeps it.
    static func normalized(_ text: String) -> String {
        let folded = text.precomposedStringWithCompatibilityMapping.lowercased()
        let kept = folded.unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
                .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .mathSymbol, .currencySymbol,
                .modifierSymbol, .otherSymbol:
                true
            default: false
            }
        }
        return kept.isEmpty ? trimmed(folded) : String(String.UnicodeScalarView(kept))
    }
}
