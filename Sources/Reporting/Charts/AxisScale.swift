import Glibc

/// A numeric axis: the values it spans and the round numbers that are marked on it.
struct AxisScale: Sendable, Equatable {
    let lower: Double
    let upper: Double
    let ticks: [Double]
    private let numDecimals: Int

    /// Fits an axis around finite values.
    /// - Parameters:
    ///   - margin: free room at both ends as a share of the span.
    ///   - wholeNumbers: only whole numbers are marked (steps, counts).
    ///   - fromZero: the axis begins at zero (bars).
    init(values: [Double], margin: Double = 0.05, maxTicks: Int = 8, wholeNumbers: Bool = false, fromZero: Bool = false)
    {
        // Kept where a span can be computed and divided.
        var low = max(-1e300, min(1e300, values.min() ?? 0))
        var high = max(-1e300, min(1e300, values.max() ?? 1))
        if fromZero {
            low = min(low, 0)
            high = max(high, 0)
        }
        if high - low <= max(1e-300, 1e-12 * max(abs(low), abs(high))) {  // one value, or a flat curve
            let room = wholeNumbers ? 1 : max(abs(high) * 0.05, 1e-6)
            low -= fromZero && low == 0 ? 0 : room
            high += room
        } else {
            let room = (high - low) * margin
            low -= fromZero && low == 0 ? 0 : room
            high += fromZero && high == 0 ? 0 : room
        }
        let rough = (high - low) / Double(max(1, maxTicks))
        let magnitude = pow(10, floor(log10(rough)))
        var step = magnitude * ([1, 2, 2.5, 5, 10].first { $0 * magnitude >= rough * 0.999 } ?? 10)
        if wholeNumbers { step = max(1, step.rounded(.up)) }
        lower = low
        upper = high
        let first = (low / step).rounded(.up)
        let numTicks = min(100, max(0, Int((high / step).rounded(.down) - first) + 1))
        ticks = (0..<numTicks).map { (first + Double($0)) * step }
        var decimals = 0
        while decimals < 12
            && abs(step * pow(10, Double(decimals)) - (step * pow(10, Double(decimals))).rounded()) > 1e-6
        {
            decimals += 1
        }
        numDecimals = decimals
    }

    /// Position of a value on the axis: 0 at the lower end, 1 at the upper.
    func position(_ value: Double) -> Double { (value - lower) / (upper - lower) }

    /// The text of a tick.
    func label(_ tick: Double) -> String {
        let magnitude = max(abs(lower), abs(upper))
        if tick == 0 || abs(tick) < 1e-9 * magnitude { return "0" }
        if magnitude >= 1e6 || magnitude < 1e-3 {
            return Python.format(tick, "%.3g")
        }
        return Python.format(tick, "%.\(numDecimals)f")
    }
}
