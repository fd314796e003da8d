import Glibc

/// Numbers as Python writes them, so that our files equal the reference's character for character.
enum Python {
    /// `repr(value)` of a finite float: the fewest digits that read back to the same double; an exponent below 1e-4 and
    /// from 1e16 on.
    static func repr(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        if value == 0 { return value.sign == .minus ? "-0.0" : "0.0" }
        // Swift prints the same shortest digits; only the notation differs.
        let (digits, exponent) = shortestDigits(value.magnitude)
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 16 {
            let fraction = digits.dropFirst()
            let power = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
            return
                "\(sign)\(digits.prefix(1))\(fraction.isEmpty ? "" : "." + fraction)e\(exponent < 0 ? "-" : "+")\(power)"
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        let numWhole = exponent + 1
        if digits.count <= numWhole {
            return sign + digits + String(repeating: "0", count: numWhole - digits.count) + ".0"
        }
        return "\(sign)\(digits.prefix(numWhole)).\(digits.dropFirst(numWhole))"
    }

    /// `round(value, places)`: correctly rounded in decimal.
    static func round(_ value: Double, _ places: Int) -> Double {
        guard value.isFinite else { return value }
        return Double(format(value, "%.\(places)f")) ?? value
    }

    /// `f"{value:,}"`.
    static func grouped(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + text
    }

    /// `str(timedelta(seconds=int(seconds)))`: H:MM:SS, with days in front when there are any.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds.magnitude < 1e12 else { return "unknown" }
        let whole = max(0, Int(seconds))
        let days = whole / 86400
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let clock = "\(whole % 86400 / 3600):\(two(whole % 3600 / 60)):\(two(whole % 60))"
        return days == 0 ? clock : "\(days) day\(days == 1 ? "" : "s"), \(clock)"
    }

    /// C's formatting of one double: `%.4g`, `%.2f`.
    static func format(_ value: Double, _ format: String) -> String {
        withVaList([value]) { arguments in
            var buffer = [CChar](repeating: 0, count: 400)
            let count = vsnprintf(&buffer, buffer.count, format, arguments)
            return String(decoding: buffer[..<max(0, min(Int(count), 399))].map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
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
