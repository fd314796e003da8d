import Foundation
import JSON

/// Forms that answers may have; ms-swift's regular expressions, found without backtracking.
enum AnswerFormat {
    /// `^<think>.*?</think>\s*<answer>.*?</answer>` up to the very end.
    static func hasThoughtAndAnswer(_ text: String) -> Bool {
        guard text.hasPrefix("<think>"), text.hasSuffix("</answer>") else { return false }
        let end = text.index(text.endIndex, offsetBy: -"</answer>".count)
        return text.thoughtEnds(followedBy: "<answer>").contains { $0 <= end }
    }

    /// `^<think>.*?</think>\s*Action:.*?Action Input:`.
    static func hasThoughtAndAction(_ text: String) -> Bool {
        guard text.hasPrefix("<think>"), let first = text.thoughtEnds(followedBy: "Action:").first else { return false }
        return text[first...].contains("Action Input:")
    }

    /// A JSON object or list by RFC 8259, and nothing else.
    static func isJSON(_ text: String) -> Bool {
        var text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return text.withUTF8 { bytes in
            var scanner = JSONScanner(bytes, dialect: .strict)
            guard let value = try? scanner.readValue(), (try? scanner.expectEnd()) != nil else { return false }
            return value.members != nil || value.arrayValue != nil
        }
    }
}

extension String {
    /// Places after each `</think>`, white space and `word`.
    fileprivate func thoughtEnds(followedBy word: String) -> [Index] {
        var result: [Index] = []
        var place = index(startIndex, offsetBy: "<think>".count)
        while let tag = self[place...].firstRange(of: "</think>") {
            var next = tag.upperBound
            while next < endIndex, self[next].isWhitespace { next = index(after: next) }
            if self[next...].hasPrefix(word) { result.append(index(next, offsetBy: word.count)) }
            place = tag.upperBound
        }
        return result
    }
}
