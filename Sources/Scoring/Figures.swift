import Foundation

/// Numbers as texts, the same everywhere in a report.
enum Figures {
    /// `93.8%`, or `-` for what is not defined.
    static func percent(_ share: Double) -> String {
        share.isNaN ? "-" : String(format: "%.1f%%", share * 100)
    }

    /// Four decimals, or `-`.
    static func decimal(_ value: Double) -> String { value.isNaN ? "-" : String(format: "%.4f", value) }

    /// Python's `round(value, places)`.
    static func rounded(_ value: Double, places: Int) -> Double {
        Double(String(format: "%.\(places)f", value)) ?? value
    }

    /// Mean of values; NaN without any.
    static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
