extension ThresholdCurve {
    /// The table of thresholds, the areas and the two operating points.
    func lines(targetRecall: Double) -> [String] {
        func row(_ point: Point, _ remark: String) -> [String] {
            [
                Figures.decimal(point.threshold), Figures.percent(point.precision), Figures.percent(point.recall),
                Figures.percent(point.f1), Figures.percent(point.specificity), Figures.percent(point.accuracy), remark,
            ]
        }
        var points: [(Point, String)] = (1...9).map { (self.point(at: Double($0) / 10), $0 == 5 ? "the usual" : "") }
        if let bestF1 { points.append((bestF1, "best F1")) }
        if let found = point(recall: targetRecall) {
            points.append((found, "recall >= \(Figures.percent(targetRecall))"))
        }
        points.sort { $0.0.threshold < $1.0.threshold }
        return [
            "positive when the probability of \"\(positive)\" is at least the threshold "
                + "(\(numPositive) of \(numPositive + numNegative) rows are)"
        ]
            + TextTable(
                [["threshold", "precision", "recall", "F1", "specificity", "accuracy", ""]]
                    + points.map { row($0.0, $0.1) }
            ).lines(limit: 90)
            + [
                "ROC AUC \(Figures.decimal(rocArea)), PR AUC (average precision) \(Figures.decimal(precisionRecallArea))"
            ]
    }
}
