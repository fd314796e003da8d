/// Numbers as people read them.
extension Int {
    /// A number of bytes in decimal units: `812 B`, `12.5 kB`, `162.2 MB`, `1.5 GB`.
    package var byteText: String {
        var value = Double(self)
        guard value.magnitude >= 1000 else { return "\(self) B" }
        for unit in ["kB", "MB", "GB"] {
            value /= 1000
            let tenths = (value * 10).rounded()
            if tenths.magnitude < 10_000 || unit == "GB" { return "\(tenths / 10) \(unit)" }
        }
        return ""
    }

    /// With a comma before every third digit from the end: `20,185,088`.
    package var grouped: String {
        let digits = String(magnitude)
        var text = self < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return text
    }
}
