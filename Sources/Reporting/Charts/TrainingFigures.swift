/// The figures `plot_loss` leaves in output_dir, one a metric: `training_loss.png`, `training_eval_loss.png`, ….
public enum TrainingFigures {
    /// What became of one metric.
    public enum Outcome: Sendable, Equatable, CustomStringConvertible {
        /// The path of the figure.
        case saved(String)
        /// The metric that no log of the run holds.
        case nothingToPlot(String)

        /// The line to print; a warning for `nothingToPlot`.
        public var description: String {
            switch self {
            case .saved(let path): "Figure saved at: \(path)"
            case .nothingToPlot(let key): "No metric \(key) to plot."
            }
        }
    }

    /// Draws the metrics `keys` of a log history, each with its original (light) and its smoothed curve; the figure of
    /// `loss` also shows `eval_loss` and marks its best value.
    public static func write(history: [LogRecord], keys: [String], folder: String) throws(ReportingError) -> [Outcome] {
        var outcomes: [Outcome] = []
        for key in keys {
            guard let chart = chart(history: history, key: key, folder: folder) else {
                outcomes.append(.nothingToPlot(key))
                continue
            }
            let path = "\(folder)/training_\(key.replacing("/", with: "_")).png"
            try chart.write(to: path)
            outcomes.append(.saved(path))
        }
        return outcomes
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
        if key == "loss", let (evalSteps, evalValues) = curve(history, "eval_loss") {
            series.append(
                LineChart.Series(
                    name: "eval_loss", x: evalSteps, y: evalValues, color: .orange, lineWidth: 2,
                    hasDots: evalValues.count <= 100))
            let best = zip(evalSteps, evalValues).filter { $0.1.isFinite }.min { $0.1 < $1.1 }
            if let best, evalValues.count > 1 {
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
