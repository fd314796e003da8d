import Foundation
import Reporting

extension MetricsReport {
    /// Draws the confusion matrix to `path` and, where there are probabilities, the threshold curves to
    /// `<path without extension>_threshold.png` and `_roc.png`.
    ///
    /// - Returns: lines for the user: what was drawn.
    public func writePictures(to path: String) throws -> [String] {
        guard path.lowercased().hasSuffix(".png") else {
            throw MetricsError("\(path): pictures are drawn as PNG; give a name that ends with .png")
        }
        guard let matrix else {
            return ["No picture: the labels are no classes. Name them with --classes A,B if they are."]
        }
        var lines: [String] = []
        if let note = try matrix.writeChart(to: path) { lines.append(note) }
        lines.append("Confusion matrix drawn in \(path)")
        guard let curve else { return lines }
        let stem = (path as NSString).deletingPathExtension
        try curve.thresholdChart(targetRecall: options.targetRecall).write(to: "\(stem)_threshold.png")
        try curve.areaChart.write(to: "\(stem)_roc.png")
        return lines + ["Threshold curves drawn in \(stem)_threshold.png and \(stem)_roc.png"]
    }
}

extension ThresholdCurve {
    /// Precision, recall, F1 and specificity over the threshold.
    func thresholdChart(targetRecall: Double) -> LineChart {
        let thresholds = stride(from: 0.0, through: 1.0, by: 0.005).map { $0 }
        let points = thresholds.map { point(at: $0) }
        func series(_ name: String, _ color: ChartColor, _ value: (Point) -> Double) -> LineChart.Series {
            LineChart.Series(name: name, x: thresholds, y: points.map(value), color: color)
        }
        var chart = LineChart(
            title: "Where to call it \(FontSafe.name(positive))", xLabel: "threshold", yLabel: "share",
            series: [
                series("precision", .blue, \.precision), series("recall", .orange, \.recall),
                series("F1", ChartColor(0x2E9E5B), \.f1), series("specificity", ChartColor(0x8A5CC2), \.specificity),
            ])
        if let bestF1 {
            chart.remarks.append(
                .init(
                    x: bestF1.threshold, y: bestF1.f1,
                    text: "best F1 \(Figures.percent(bestF1.f1)) at \(Figures.decimal(bestF1.threshold))"))
        }
        if let found = point(recall: targetRecall), found.threshold != bestF1?.threshold {
            chart.remarks.append(
                .init(
                    x: found.threshold, y: found.recall,
                    text: "recall \(Figures.percent(found.recall)) at \(Figures.decimal(found.threshold))"))
        }
        return chart
    }

    /// The ROC curve and the precision-recall curve.
    var areaChart: LineChart {
        let (positives, negatives) = (Double(max(1, numPositive)), Double(max(1, numNegative)))
        let roc =
            [(0.0, 0.0)] + points.map { (Double($0.falsePositives) / negatives, Double($0.truePositives) / positives) }
        return LineChart(
            title: "ROC and precision-recall curves", xLabel: "false positive rate (ROC), recall (PR)",
            yLabel: "true positive rate (ROC), precision (PR)",
            series: [
                LineChart.Series(
                    name: "ROC, area \(Figures.decimal(rocArea))", x: roc.map(\.0), y: roc.map(\.1), color: .blue),
                LineChart.Series(
                    name: "precision-recall, area \(Figures.decimal(precisionRecallArea))", x: points.map(\.recall),
                    y: points.map(\.precision), color: .orange),
            ])
    }
}

/// Names of classes in titles: those that every font has, else a word for them.
private enum FontSafe {
    static func name(_ text: String) -> String { text.unicodeScalars.allSatisfy(\.isASCII) ? text : "positive" }
}
