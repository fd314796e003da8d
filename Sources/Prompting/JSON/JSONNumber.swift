/// A JSON number with the text that Python's `json` would write for it.
public struct JSONNumber: Sendable, Hashable {
    /// The text to write: whole numbers as they stand, others as the shortest text that reads back the same.
    public let text: String

    /// Nil when `text` is not a JSON number (NaN and the infinities, which Python reads, are accepted).
    public init?(_ text: String) {
        if ["NaN", "Infinity", "-Infinity"].contains(text) {
            self.text = text
            return
        }
        var rest = Substring(text)
        if rest.first == "-" { rest.removeFirst() }
        let whole = rest.prefix(while: \.isASCIIDigit)
        guard !whole.isEmpty, whole == "0" || whole.first != "0" else { return nil }
        rest = rest.dropFirst(whole.count)
        if rest.isEmpty {
            // A whole number to Python, which knows no negative zero among those.
            self.text = text == "-0" ? "0" : text
            return
        }
        if rest.first == "." {
            rest.removeFirst()
            let fraction = rest.prefix(while: \.isASCIIDigit)
            guard !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(fraction.count)
        }
        if let exponent = rest.first, exponent == "e" || exponent == "E" {
            rest.removeFirst()
            if let sign = rest.first, sign == "+" || sign == "-" { rest.removeFirst() }
            guard !rest.isEmpty else { return nil }
            rest = rest.drop(while: \.isASCIIDigit)
        }
        guard rest.isEmpty, let value = Double(text) else { return nil }
        if value.isInfinite {
            self.text = value < 0 ? "-Infinity" : "Infinity"
        } else {
            self.text = value.description
        }
    }

    /// A whole number.
    public init(_ value: Int) { text = String(value) }

    /// The value as a whole number, nil when it is none or too large.
    public var intValue: Int? { Int(text) }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isWholeNumber }
}
