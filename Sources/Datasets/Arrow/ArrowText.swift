/// Dates, times and fixed-point numbers as text, as Python's `isoformat()` and `str()` write them.
enum ArrowText {
    /// Rounded to minus infinity.
    static func floor(_ value: Int, _ divisor: Int) -> Int {
        value >= 0 ? value / divisor : -((-(value + 1)) / divisor) - 1
    }

    /// "2024-02-29" for days since 1970 in the proleptic Gregorian calendar.
    static func date(days: Int) -> String {
        // Years begin in March here, so that the day that is added to leap years is their last.
        let shifted = days + 719_468
        let era = floor(shifted, 146_097)
        let day = shifted - era * 146_097
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let number = month < 10 ? month + 3 : month - 9
        return pad(year + era * 400 + (number <= 2 ? 1 : 0), 4) + "-" + pad(number, 2) + "-"
            + pad(dayOfYear - (153 * month + 2) / 5 + 1, 2)
    }

    /// "2024-02-29T12:00:00.5", with "+00:00" where the time has a zone: points in time are kept in UTC.
    static func timestamp(_ value: Int, unitsPerSecond: Int, hasZone: Bool) -> String {
        let seconds = floor(value, unitsPerSecond)
        let days = floor(seconds, 86_400)
        let clock = time(value &- days &* 86_400 &* unitsPerSecond, unitsPerSecond: unitsPerSecond)
        return date(days: days) + "T" + clock + (hasZone ? "+00:00" : "")
    }

    /// "12:00:00", and six digits of a second (nine where there are so many) when there is a part of one.
    static func time(_ value: Int, unitsPerSecond: Int) -> String {
        let seconds = floor(value, unitsPerSecond)
        let rest = value &- seconds &* unitsPerSecond
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { pad($0, 2) }.joined(separator: ":")
        guard rest != 0 else { return clock }
        let nanoseconds = rest * (1_000_000_000 / unitsPerSecond)
        return clock + "." + (nanoseconds % 1_000 == 0 ? pad(nanoseconds / 1_000, 6) : pad(nanoseconds, 9))
    }

    /// "-12.50" for -1250 with two digits behind the point.
    static func decimal(_ value: Int128, scale: Int) -> String {
        guard scale > 0, scale <= 38 else {
            return String(value) + String(repeating: "0", count: max(0, min(-scale, 38)))
        }
        let digits = String(value.magnitude)
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
        return (value < 0 ? "-" : "") + padded.dropLast(scale) + "." + padded.suffix(scale)
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(abs(number))
        return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
