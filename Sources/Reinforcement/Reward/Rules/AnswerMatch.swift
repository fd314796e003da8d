import Foundation

/// Whether an answer says what its label says.
enum AnswerMatch {
    /// The same text, white space at the ends aside.
    static func isExact(_ answer: String, _ label: String) -> Bool { trimmed(answer) == trimmed(label) }

    /// The same answer: what stands in `<answer>` or `\boxed{}`, or all of it, is the same number or the same text but for
    /// case, white space and a full stop.
    static func isEqual(_ answer: String, _ label: String) -> Bool {
        let (a, b) = (core(answer), core(label))
        if let x = MathValue(a), let y = MathValue(b) { return x == y }
        return normalized(a) == normalized(b)
    }

    /// The same result of a calculation: of a text without `<answer>` and `\boxed{}` its last number counts.
    static func isEqualNumber(_ answer: String, _ label: String) -> Bool {
        func value(_ text: String) -> MathValue? { MathValue(core(text)) ?? MathValue.last(in: core(text)) }
        guard let expected = value(label) else { return isEqual(answer, label) }
        return value(answer) == expected
    }

    /// The part of a text that is the answer: within the last `<answer>`, within the last `\boxed{}` there; else all but a thought
    /// before it.
    static func core(_ text: String) -> String {
        var text = Substring(text)
        if let end = text.ranges(of: "</think>").last { text = text[end.upperBound...] }
        if let start = text.ranges(of: "<answer>").last,
            let end = text[start.upperBound...].firstRange(of: "</answer>")
        {
            text = text[start.upperBound..<end.lowerBound]
        }
        if let marks = text.ranges(of: "####").last { text = text[marks.upperBound...] }
        return trimmed(boxed(text) ?? String(text))
    }

    /// What the last `\boxed{…}` holds, braces within it counted.
    private static func boxed(_ text: Substring) -> String? {
        guard let start = text.ranges(of: "\\boxed{").last else { return nil }
        var depth = 1, place = start.upperBound
        while place < text.endIndex {
            if text[place] == "{" { depth += 1 }
            if text[place] == "}" { depth -= 1 }
            if depth == 0 { return String(text[start.upperBound..<place]) }
            place = text.index(after: place)
        }
        return nil
    }

    private static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }

    /// Lower case, single spaces, no dollar signs around and no full stop at the end.
    static func normalized(_ text: String) -> String {
        var words = text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        while let last = words.last, ".。!！".contains(last) { words.removeLast() }
        if words.hasPrefix("$"), words.hasSuffix("$"), words.count > 1 { words = String(words.dropFirst().dropLast()) }
        return trimmed(words)
    }
}
