public import Basics

/// The figures `plot_loss` leaves in output_dir: `training_loss.png`, `training_eval_loss.png`, ….
public enum TrainingFigures {
    /// One figure: a metric by itself, or metrics that say something beside one another only.
    public struct Figure: Sendable, Equatable {
        /// What the file is called.
        public let name: String
        public let keys: [String]

        /// A metric by itself.
        public init(_ key: String) { self.init(key, of: [key]) }

        /// Several metrics on common axes.
        public init(_ name: String, of keys: [String]) {
            self.name = name
            self.keys = keys
        }
    }

    /// What became of one figure.
    public enum Outcome: Sendable, Equatable, CustomStringConvertible {
        /// The path of the figure.
        case saved(String)
        /// The figure none of whose metrics any log of the run holds.
        case nothingToPlot(String)

        /// The line to print; a warning for `nothingToPlot`.
        public var description: String {
            switch self {
            case .saved(let path): "Figure saved at: \(path)"
            case .nothingToPlot(let key): "No metric \(key) to plot."
            }
        }
    }

    /// Draws metrics of a log history, each with its original (light) and its smoothed curve and what evaluations found; the
    /// figure of `loss` marks its best evaluation.
    public static func write(
        history: [LogRecord], figures: [Figure], folder: String
    ) throws(FileError) -> [Outcome] {
        var outcomes: [Outcome] = []
        for figure in figures {
            let chart =
                figure.keys.count == 1
                ? chart(history: history, key: figure.keys[0], folder: folder)
                : comparison(history: history, figure, folder: folder)
            guard let chart else {
                outcomes.append(.nothingToPlot(figure.name))
                continue
            }
            let path = "\(folder)/training_\(figure.name.replacing("/", with: "_")).png"
            try chart.write(to: path)
            outcomes.append(.saved(path))
        }
        return outcomes
    }

    /// The chart of several metrics, a color each; what evaluations found is dotted in it. Nil when no log holds one of them.
    static func comparison(history: [LogRecord], _ figure: Figure, folder: String) -> LineChart? {
        var series: [LineChart.Series] = []
        for (key, color) in zip(figure.keys, ChartColor.palette) {
            guard let (steps, values) = curve(history, key) else { continue }
            let finite = zip(steps, values).filter { $0.1.isFinite }
            series.append(
                LineChart.Series(name: "", x: steps, y: values, color: color.opacity(0.25), lineWidth: 1.4))
            series.append(
                LineChart.Series(
                    name: key, x: finite.map(\.0), y: Smoothing.exponential(finite.map(\.1)), color: color,
                    lineWidth: 2.2))
            if let (evalSteps, evalValues) = curve(history, "eval_\(key)") {
                series.append(
                    LineChart.Series(
                        name: "eval_\(key)", x: evalSteps, y: evalValues, color: color, lineWidth: 1.2, hasDots: true))
            }
        }
        return series.isEmpty
            ? nil : LineChart(title: "training \(figure.name) of \(folder)", yLabel: figure.name, series: series)
    }

    /// The chart of one metric, or nil when no log holds it.
    static func chart(history: [LogRecord], key: String, folder: String) -> LineChart? {
        guard let (steps, values) = curve(history, key) else { return nil }
        // A single NaN would swallow the rest of a moving average, and the curve with it.
        let finite = zip(steps, values).filter { $0.1.isFinite }
        let hasFewPoints = values.count <= 40
        var series = [
            LineChart.Series(
                name: "original", x: steps, y: values, color: .blue.opacity(0.4), lineWidth: 1.6, hasDots: hasFewPoints),
            LineChart.Series(
                name: "smoothed", x: finite.map(\.0), y: Smoothing.exponential(finite.map(\.1)), color: .blue,
                lineWidth: 2.2),
        ]
        var remarks: [LineChart.Remark] = []
        if let (evalSteps, evalValues) = curve(history, "eval_\(key)") {
            series.append(
                LineChart.Series(
                    name: "eval_\(key)", x: evalSteps, y: evalValues, color: .orange, lineWidth: 2,
                    hasDots: evalValues.count <= 100))
            let best = zip(evalSteps, evalValues).filter { $0.1.isFinite }.min { $0.1 < $1.1 }
            if key == "loss", let best, evalValues.count > 1 {
                let value = Python.format(best.1, "%.4g")
                remarks.append(
                    LineChart.Remark(x: best.0, y: best.1, text: "best eval \(value) at step \(Int(best.0))"))
            }
        }
        var chart = LineChart(title: "training \(key) of \(folder)", yLabel: key, series: series)
        chart.remarks = remarks
        return chart
    }

    /// Steps and values of a metric, or nil when no log holds it.
    private static func curve(_ history: [LogRecord], _ key: String) -> ([Double], [Double])? {
        let points = history.compactMap { record -> (Double, Double)? in
            guard let value = record.number(key), let step = record.number("step") else { return nil }
            return (step, value)
        }
        return points.isEmpty ? nil : (points.map(\.0), points.map(\.1))
    }
}
