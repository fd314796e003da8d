import Foundation

/// Today as tool formats write it.
enum ToolDate {
    /// As `20 Nov 2026`, in the local time zone and in English whatever the locale.
    static func today(_ date: Date = Date()) -> String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = Calendar(identifier: .gregorian).dateComponents([.day, .month, .year], from: date)
        let (day, month, year) = (parts.day ?? 1, parts.month ?? 1, parts.year ?? 1970)
        return "\(day < 10 ? "0" : "")\(day) \(months[(month - 1) % 12]) \(year)"
    }
}
