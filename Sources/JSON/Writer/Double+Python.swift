extension Double {
    /// What Python's `repr()` and `str()` give: the fewest digits that read back to the same double; an exponent below
    /// 1e-4 and from 1e16 on; `nan`, `inf`, `-inf`.
    public var pythonText: String {
        if isNaN { return "nan" }
        if isInfinite { return self < 0 ? "-inf" : "inf" }
        if self == 0 { return sign == .minus ? "-0.0" : "0.0" }
        // Swift prints the same shortest digits; only the notation differs.
        let (digits, exponent) = Self.shortestDigits(magnitude)
        let minus = self < 0 ? "-" : ""
        if exponent < -4 || exponent >= 16 {
            let fraction = digits.dropFirst()
            let power = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
            return
                "\(minus)\(digits.prefix(1))\(fraction.isEmpty ? "" : "." + fraction)e\(exponent < 0 ? "-" : "+")\(power)"
        }
        if exponent < 0 { return minus + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        let numWhole = exponent + 1
        if digits.count <= numWhole {
            return minus + digits + String(repeating: "0", count: numWhole - digits.count) + ".0"
        }
        return "\(minus)\(digits.prefix(numWhole)).\(digits.dropFirst(numWhole))"
    }

    /// The significant digits without leading or trailing zeros, and the decimal exponent of the first.
    private static func shortestDigits(_ value: Double) -> (String, Int) {
        var text = Substring(value.description)
        var exponent = 0
        if let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            exponent = Int(text[text.index(after: mark)...]) ?? 0
            text = text[..<mark]
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let whole = parts[0]
        let all = whole + (parts.count > 1 ? parts[1] : "")
        exponent += whole.count - 1
        let numLeadingZeros = all.prefix { $0 == "0" }.count
        exponent -= numLeadingZeros
        var digits = String(all.dropFirst(numLeadingZeros))
        while digits.count > 1 && digits.hasSuffix("0") { digits.removeLast() }
        return (digits, exponent)
    }
}
