/// A chart of one or several curves over a common x axis, written as PNG.
public struct LineChart: Sendable {
    /// One curve. Values that are not finite interrupt it.
    public struct Series: Sendable {
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
    public func write(to path: String) throws(ReportingError) {
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
        drawLegend(in: area, points: points)
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
                for point in points { area.canvas.dot(x: point.x, y: point.y, radius: series.lineWidth + 1.2, series.color) }
            }
        }
    }

    private func draw(_ remark: Remark, in area: PlotArea) {
        let (x, y) = (area.horizontal(remark.x), area.vertical(remark.y))
        area.canvas.line([(x, area.top), (x, area.bottom)], .axis, width: 1, dashes: [4, 4])
        let width = area.canvas.width(of: remark.text, size: 11)
        // Beside the point where there is room, above it unless the frame ends there.
        let isLeft = x + width + 14 > area.right
        let height = y - 16 < area.top + 10 ? y + 16 : y - 16
        area.canvas.fill(
            x: isLeft ? x - width - 12 : x + 6, y: height - 9, width: width + 6, height: 18, .white.opacity(0.85), radius: 3)
        area.canvas.text(remark.text, x: isLeft ? x - 9 : x + 9, y: height, size: 11, anchor: isLeft ? .right : .left)
    }

    /// The legend goes to the corner that covers the fewest points.
    private func drawLegend(in area: PlotArea, points: [(x: Double, y: Double)]) {
        let names = series.map { area.canvas.shortened($0.name, size: 12, limit: area.width / 2) }
        let width = 52 + (names.map { area.canvas.width(of: $0, size: 12) }.max() ?? 0)
        let height = 12 + 20 * Double(names.count)
        let corners = [
            (area.right - width - 10, area.top + 8), (area.left + 12, area.top + 8),
            (area.right - width - 10, area.bottom - height - 10), (area.left + 12, area.bottom - height - 10),
        ]
        func numCovered(_ corner: (x: Double, y: Double)) -> Int {
            points.count { point in
                let (x, y) = (area.horizontal(point.x), area.vertical(point.y))
                return x > corner.x - 6 && x < corner.x + width + 6 && y > corner.y - 6 && y < corner.y + height + 6
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
