public import Basics

/// Bars over named categories, or a histogram over a range of numbers, written as PNG.
public struct BarChart: Sendable {
    /// One bar.
    public struct Bar: Sendable {
        public var name: String
        public var value: Double
        public init(name: String, value: Double) {
            self.name = name
            self.value = value
        }
    }

    public var title: String
    public var xLabel: String
    public var yLabel: String
    public var bars: [Bar]
    public var color = ChartColor.blue
    /// Set by ``histogram(title:xLabel:values:numBins:)``: the range the bars cover without gaps.
    private var range: ClosedRange<Double>?

    public init(title: String, xLabel: String, yLabel: String, bars: [Bar]) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.bars = bars
    }

    /// How often values fall into each of `numBins` equal parts of their range; values that are not finite are left out.
    public static func histogram(title: String, xLabel: String, values: [Double], numBins: Int = 30) -> BarChart {
        let finite = values.filter(\.isFinite)
        let low = finite.min() ?? 0
        let high = max(finite.max() ?? 1, low + max(abs(low) * 1e-9, 1e-9))
        let numBins = max(1, numBins)
        var counts = [Int](repeating: 0, count: numBins)
        for value in finite {
            // Halves, because the whole range may be beyond the largest number.
            let share = (value / 2 - low / 2) / (high / 2 - low / 2)
            counts[max(0, min(numBins - 1, Int(share * Double(numBins))))] += 1
        }
        var chart = BarChart(
            title: title, xLabel: xLabel, yLabel: "count", bars: counts.map { Bar(name: "", value: Double($0)) })
        chart.range = low...high
        return chart
    }

    /// Draws the chart and writes it, atomically.
    public func write(to path: String) throws(FileError) {
        let canvas = try Canvas(width: 800, height: 500)
        let values = bars.map(\.value).filter(\.isFinite)
        let hasWholeValues = values.allSatisfy { $0 == $0.rounded() }
        let yAxis = AxisScale(values: values, wholeNumbers: hasWholeValues, fromZero: true)
        let bounds: [Double] = range.map { [$0.lowerBound, $0.upperBound] } ?? [0, 1]
        let area = PlotArea(canvas: canvas, x: AxisScale(values: bounds, margin: 0, maxTicks: 9), y: yAxis)
        area.drawFrame(title: title, xLabel: xLabel, yLabel: yLabel, xTicks: range != nil)
        let slot = area.width / Double(max(1, bars.count))
        let gap = range == nil ? slot * 0.14 : min(1, slot * 0.1)
        for (index, bar) in bars.enumerated() where bar.value.isFinite {
            let left = area.left + slot * Double(index) + gap
            let (zero, end) = (area.vertical(max(0, yAxis.lower)), area.vertical(bar.value))
            canvas.fill(x: left, y: min(zero, end), width: slot - 2 * gap, height: abs(zero - end), color.tint(0.88))
            guard range == nil else { continue }
            let name = canvas.shortened(bar.name, size: 11, limit: slot - 2)
            canvas.text(name, x: left + slot / 2 - gap, y: area.bottom + 16, size: 11, .faintText, anchor: .center)
            let number = hasWholeValues ? Python.format(bar.value, "%.0f") : Python.format(bar.value, "%.3g")
            if canvas.width(of: number, size: 11) < slot {
                canvas.text(number, x: left + slot / 2 - gap, y: min(zero, end) - 9, size: 11, anchor: .center)
            }
        }
        try canvas.writePNG(to: path)
    }
}
