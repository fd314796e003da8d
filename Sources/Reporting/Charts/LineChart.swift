public import Basics

/// A chart of one or several curves over a common x axis, written as PNG.
public struct LineChart: Sendable {
    /// One curve. Values that are not finite interrupt it.
    public struct Series: Sendable {
        /// What the legend calls it; a curve without a name is not in the legend.
        public var name: String
        public var x: [Double]
        public var y: [Double]
        public var color: ChartColor
        /// Width of the line in points.
        public var lineWidth: Double
        /// Whether every point is marked by a dot; a curve of one point always is.
        public var hasDots: Bool

        public init(
            name: String, x: [Double], y: [Double], color: ChartColor, lineWidth: Double = 2, hasDots: Bool = false
        ) {
            self.name = name
            self.x = x
            self.y = y
            self.color = color
            self.lineWidth = lineWidth
            self.hasDots = hasDots
        }

        /// The finite points, cut into the runs between interruptions.
        var runs: [[(x: Double, y: Double)]] {
            var runs: [[(x: Double, y: Double)]] = [[]]
            for (x, y) in zip(x, y) {
                if x.isFinite && y.isFinite {
                    runs[runs.count - 1].append((x, y))
                } else if runs.last?.isEmpty == false {
                    runs.append([])
                }
            }
            return runs.filter { !$0.isEmpty }
        }
    }

    /// A point that is worth a word: the best evaluation.
    public struct Remark: Sendable {
        public var x: Double
        public var y: Double
        public var text: String
        public init(x: Double, y: Double, text: String) {
            self.x = x
            self.y = y
            self.text = text
        }
    }

    public var title: String
    public var xLabel: String
    public var yLabel: String
    public var series: [Series]
    public var remarks: [Remark] = []

    public init(title: String, xLabel: String = "step", yLabel: String, series: [Series]) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
    }

    /// Draws the chart and writes it, atomically.
    public func write(to path: String) throws(FileError) {
        let canvas = try Canvas(width: 800, height: 500)
        let points = series.flatMap(\.runs).flatMap { $0 }
        let xs = points.map(\.x)
        let area = PlotArea(
            canvas: canvas,
            x: AxisScale(values: xs, margin: 0.03, maxTicks: 9, wholeNumbers: xs.allSatisfy { $0 == $0.rounded() }),
            y: AxisScale(values: points.map(\.y)))
        area.drawFrame(title: title, xLabel: xLabel, yLabel: yLabel)
        canvas.clipped(x: area.left, y: area.top - 4, width: area.width + 4, height: area.height + 8) {
            for one in series { draw(one, in: area) }
        }
        for remark in remarks where remark.x.isFinite && remark.y.isFinite { draw(remark, in: area) }
        drawLegend(in: area)
        if points.isEmpty {
            canvas.text(
                "no finite values", x: area.left + area.width / 2, y: area.top + area.height / 2, size: 14, .faintText,
                anchor: .center)
        }
        try canvas.writePNG(to: path)
    }

    private func draw(_ series: Series, in area: PlotArea) {
        for run in series.runs {
            let points = run.map { (x: area.horizontal($0.x), y: area.vertical($0.y)) }
            area.canvas.line(points, series.color, width: series.lineWidth)
            if series.hasDots || points.count == 1 {
                for point in points {
                    area.canvas.dot(x: point.x, y: point.y, radius: series.lineWidth + 1.2, series.color)
                }
            }
        }
    }

    private func draw(_ remark: Remark, in area: PlotArea) {
        let (x, y) = (area.horizontal(remark.x), area.vertical(remark.y))
        area.canvas.line([(x, area.top), (x, area.bottom)], .axis, width: 1, dashes: [4, 4])
        let width = area.canvas.width(of: remark.text, size: 11) + 6
        // Of the places around the point, the one inside the frame that hides the least of the curves.
        let places = [(x + 6, y - 16), (x + 6, y + 16), (x - 6 - width, y - 16), (x - 6 - width, y + 16)].filter {
            $0.0 >= area.left && $0.0 + width <= area.right && $0.1 - 9 >= area.top && $0.1 + 9 <= area.bottom
        }
        let samples = series.flatMap(\.runs).flatMap { sampled($0, in: area) }
        func numHidden(_ place: (Double, Double)) -> Int {
            samples.count { $0.x > place.0 && $0.x < place.0 + width && abs($0.y - place.1) < 10 }
        }
        let (left, middle) = places.min { numHidden($0) < numHidden($1) } ?? (area.left + 6, area.top + 12)
        area.canvas.fill(x: left, y: middle - 9, width: width, height: 18, .white.opacity(0.85), radius: 3)
        area.canvas.text(remark.text, x: left + 3, y: middle, size: 11)
    }

    /// Places along a curve in the picture, the lines between its points included.
    private func sampled(_ run: [(x: Double, y: Double)], in area: PlotArea) -> [(x: Double, y: Double)] {
        let points = run.map { (x: area.horizontal($0.x), y: area.vertical($0.y)) }
        guard points.count > 1 else { return points }
        return zip(points, points.dropFirst()).flatMap { from, to in
            let numParts = max(1, min(40, Int(abs(to.x - from.x) / 6)))
            return (0..<numParts).map { part in
                let share = Double(part) / Double(numParts)
                return (x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share)
            }
        }
    }

    /// The legend goes to the corner that hides the least of the curves.
    private func drawLegend(in area: PlotArea) {
        let series = series.filter { !$0.name.isEmpty }
        let names = series.map { area.canvas.shortened($0.name, size: 12, limit: area.width / 2) }
        let width = 52 + (names.map { area.canvas.width(of: $0, size: 12) }.max() ?? 0)
        let height = 12 + 20 * Double(names.count)
        let corners = [
            (area.right - width - 10, area.top + 8), (area.left + 12, area.top + 8),
            (area.right - width - 10, area.bottom - height - 10), (area.left + 12, area.bottom - height - 10),
        ]
        let samples = self.series.flatMap(\.runs).flatMap { sampled($0, in: area) }
        func numCovered(_ corner: (x: Double, y: Double)) -> Int {
            samples.count { point in
                point.x > corner.x - 6 && point.x < corner.x + width + 6 && point.y > corner.y - 6
                    && point.y < corner.y + height + 6
            }
        }
        let counts = corners.map(numCovered)
        let (x, y) = corners[counts.indices.min { counts[$0] < counts[$1] } ?? 0]
        area.canvas.fill(x: x, y: y, width: width, height: height, .white.opacity(0.9), radius: 5)
        area.canvas.stroke(x: x, y: y, width: width, height: height, .grid, radius: 5)
        for (index, one) in series.enumerated() {
            let middle = y + 16 + 20 * Double(index)
            area.canvas.line([(x + 10, middle), (x + 34, middle)], one.color, width: max(2, one.lineWidth))
            if one.hasDots { area.canvas.dot(x: x + 22, y: middle, radius: one.lineWidth + 1.2, one.color) }
            area.canvas.text(names[index], x: x + 42, y: middle, size: 12)
        }
    }
}
