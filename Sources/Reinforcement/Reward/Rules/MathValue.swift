import Foundation

/// A number as people and LaTeX write it: 1,234.5, -3/4, \frac{3}{4}, 12.5 %, 1.2e3, 3\cdot10^{2}, $5.
struct MathValue: Equatable {
    let value: Double

    static func == (a: MathValue, b: MathValue) -> Bool {
        abs(a.value - b.value) <= 1e-6 * max(1, abs(a.value), abs(b.value))
    }

    private init(value: Double) { self.value = value }

    /// Nil for a text that is not one number.
    init?(_ text: String) {
        var text = Self.plain(text)
        var factor = 1.0
        if text.hasSuffix("%") {
            text.removeLast()
            factor = 0.01
        }
        guard let value = Self.product(text) else { return nil }
        self.value = value * factor
    }

    /// The last number in a text.
    static func last(in text: String) -> MathValue? {
        let plain = plain(text)
        var result: MathValue?
        var word = ""
        for character in plain + " " {
            if character.isASCII, character.isNumber || ".,-+/%".contains(character) {
                word.append(character)
            } else {
                while let end = word.last, ".,-+/".contains(end) { word.removeLast() }
                if let value = MathValue(word) { result = value }
                word = ""
            }
        }
        return result
    }

    /// Without what LaTeX and currencies put around a number.
    private static func plain(_ text: String) -> String {
        var text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        for word in ["\\left", "\\right", "\\!", "\\,", "\\;", "\\(", "\\)", "\\[", "\\]", "\\$", "$", "€", "£", "¥"] {
            text = text.replacing(word, with: "")
        }
        text = text.replacing("\\%", with: "%").replacing("\\dfrac", with: "\\frac").replacing(
            "\\tfrac", with: "\\frac")
        text = text.replacing("−", with: "-").replacing("\\times", with: "*").replacing("\\cdot", with: "*")
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func product(_ text: String) -> Double? {
        let parts = text.split(separator: "*", omittingEmptySubsequences: false)
        var result = 1.0
        for part in parts {
            guard let value = power(part.filter { !$0.isWhitespace }) else { return nil }
            result *= value
        }
        return result
    }

    private static func power(_ text: String) -> Double? {
        guard let mark = text.firstIndex(of: "^") else { return quotient(text) }
        let exponent = text[text.index(after: mark)...].filter { $0 != "{" && $0 != "}" }
        guard let base = quotient(String(text[..<mark])), let power = number(exponent) else { return nil }
        let value = pow(base, power)
        return value.isFinite ? value : nil
    }

    private static func quotient(_ text: String) -> Double? {
        var text = text, sign = 1.0
        if text.hasPrefix("-\\frac") {
            text.removeFirst()
            sign = -1
        }
        if text.hasPrefix("\\frac{"), text.hasSuffix("}"), let middle = text.firstRange(of: "}{") {
            let upper = text[text.index(text.startIndex, offsetBy: 6)..<middle.lowerBound]
            let lower = text[middle.upperBound...].dropLast()
            guard let a = number(String(upper)), let b = number(String(lower)), b != 0 else { return nil }
            return sign * a / b
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return number(text).map { sign * $0 } }
        guard let a = number(String(parts[0])), let b = number(String(parts[1])), b != 0 else { return nil }
        return a / b
    }

    /// Digits with commas between thousands, a point and an exponent.
    private static func number(_ text: String) -> Double? {
        guard !text.isEmpty, text.allSatisfy({ $0.isASCII && ($0.isNumber || ".,-+eE".contains($0)) }),
            text.contains(where: \.isNumber)
        else { return nil }
        let groups = text.split(separator: ",", omittingEmptySubsequences: false)
        if groups.count > 1 {
            let areThousands = groups.dropFirst().dropLast().allSatisfy { $0.count == 3 }
            guard areThousands, let last = groups.last, last.prefix(while: \.isNumber).count == 3 else { return nil }
        }
        return Double(text.replacing(",", with: "")).flatMap { $0.isFinite ? $0 : nil }
    }
}
