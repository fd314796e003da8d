import Glibc

/// Numbers as Python rounds and formats them, so that our files equal the reference's character for character.
enum Python {
    /// `round(value, places)`: correctly rounded in decimal.
    static func round(_ value: Double, _ places: Int) -> Double {
        guard value.isFinite else { return value }
        return Double(format(value, "%.\(places)f")) ?? value
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
}
