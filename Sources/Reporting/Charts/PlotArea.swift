/// The frame that line and bar charts share: title, grid, axes, and the mapping from values to the picture.
struct PlotArea {
    let canvas: Canvas
    let x: AxisScale
    let y: AxisScale
    let left: Double
    let top = 56.0
    let width: Double
    let height: Double

    var bottom: Double { top + height }
    var right: Double { left + width }

    private static let tickSize = 11.0

    init(canvas: Canvas, x: AxisScale, y: AxisScale) {
        self.canvas = canvas
        self.x = x
        self.y = y
        let labelWidth = y.ticks.map { canvas.width(of: y.label($0), size: Self.tickSize) }.max() ?? 0
        left = 46 + labelWidth
        width = canvas.width - left - 28
        height = canvas.height - top - 62
    }

    func horizontal(_ value: Double) -> Double { left + x.position(value) * width }
    func vertical(_ value: Double) -> Double { bottom - y.position(value) * height }

    /// Draws everything that lies under the data.
    /// - Parameter xLabels: whether the x ticks are marked (categories write their own).
    func drawFrame(title: String, xLabel: String, yLabel: String, xTicks: Bool = true) {
        canvas.text(
            canvas.shortened(title, size: 15, limit: canvas.width - 48, bold: true), x: canvas.width / 2, y: 28,
            size: 15,
            anchor: .center, bold: true)
        for tick in y.ticks {
            let height = vertical(tick)
            canvas.line([(left, height), (right, height)], .grid)
            canvas.text(y.label(tick), x: left - 9, y: height, size: Self.tickSize, .faintText, anchor: .right)
        }
        if xTicks {
            for tick in x.ticks {
                let place = horizontal(tick)
                canvas.line([(place, top), (place, bottom)], .grid)
                canvas.line([(place, bottom), (place, bottom + 4)], .axis)
                canvas.text(x.label(tick), x: place, y: bottom + 16, size: Self.tickSize, .faintText, anchor: .center)
            }
        }
        canvas.line([(left, top), (left, bottom), (right, bottom)], .axis, width: 1.2)
        canvas.text(xLabel, x: left + width / 2, y: canvas.height - 22, size: 12.5, anchor: .center)
        canvas.text(yLabel, x: 22, y: top + height / 2, size: 12.5, anchor: .center, upwards: true)
    }
}
