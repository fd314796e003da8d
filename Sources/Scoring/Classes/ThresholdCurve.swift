/// How a two-class decision depends on the probability from which it is positive.
public struct ThresholdCurve: Sendable, Equatable {
    /// The decision with one threshold: positive when the probability is at least this.
    public struct Point: Sendable, Equatable {
        public var threshold: Double
        public var truePositives: Int
        public var falsePositives: Int
        public var trueNegatives: Int
        public var falseNegatives: Int

        private func ratio(_ part: Int, _ whole: Int) -> Double {
            whole == 0 ? .nan : Double(part) / Double(whole)
        }
        /// NaN when nothing is called positive.
        public var precision: Double { ratio(truePositives, truePositives + falsePositives) }
        public var recall: Double { ratio(truePositives, truePositives + falseNegatives) }
        public var specificity: Double { ratio(trueNegatives, trueNegatives + falsePositives) }
        public var f1: Double { ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }
        public var accuracy: Double {
            ratio(truePositives + trueNegatives, truePositives + falsePositives + trueNegatives + falseNegatives)
        }
    }

    /// Name of the positive class.
    public let positive: String
    public let numPositive: Int
    public let numNegative: Int
    /// One point a distinct probability, the highest threshold first; each lets one more group of equals be positive.
    public let points: [Point]

    /// - Parameters:
    ///   - scores: probability of the positive class of each row.
    ///   - truths: whether the row is positive.
    public init(positive: String, scores: [Double], truths: [Bool]) {
        self.positive = positive
        let numPositive = truths.count { $0 }
        let numNegative = truths.count - numPositive
        let sorted = zip(scores, truths).sorted { $0.0 > $1.0 }
        var points: [Point] = []
        var (numTrue, numFalse) = (0, 0)
        for (index, (score, truth)) in sorted.enumerated() {
            if truth { numTrue += 1 } else { numFalse += 1 }
            if index + 1 < sorted.count, sorted[index + 1].0 == score { continue }
            points.append(
                Point(
                    threshold: score, truePositives: numTrue, falsePositives: numFalse,
                    trueNegatives: numNegative - numFalse, falseNegatives: numPositive - numTrue))
        }
        self.points = points
        self.numPositive = numPositive
        self.numNegative = numNegative
    }

    /// The decision with any threshold.
    public func point(at threshold: Double) -> Point {
        var point =
            points.last { $0.threshold >= threshold }
            ?? Point(
                threshold: threshold, truePositives: 0, falsePositives: 0, trueNegatives: numNegative,
                falseNegatives: numPositive)
        point.threshold = threshold
        return point
    }

    /// Area under the ROC curve (trapezoids); NaN when one of the classes has no rows.
    public var rocArea: Double {
        guard numPositive > 0, numNegative > 0 else { return .nan }
        var area = 0.0
        var last = (x: 0.0, y: 0.0)
        for point in points {
            let next = (
                x: Double(point.falsePositives) / Double(numNegative),
                y: Double(point.truePositives) / Double(numPositive)
            )
            area += (next.x - last.x) * (next.y + last.y) / 2
            last = next
        }
        return area
    }

    /// Average precision: the area under the precision-recall curve as steps, as scikit-learn's `average_precision_score`.
    public var precisionRecallArea: Double {
        guard numPositive > 0 else { return .nan }
        var area = 0.0
        var last = 0.0
        for point in points {
            area += (point.recall - last) * point.precision
            last = point.recall
        }
        return area
    }

    /// The threshold of the highest F1, of equal ones the highest; nil without rows.
    public var bestF1: Point? {
        points.reduce(nil) { best, point in
            guard !point.f1.isNaN else { return best }
            return point.f1 > (best?.f1 ?? -1) ? point : best
        }
    }

    /// The highest threshold at which at least this share of the positives is found; nil when there are none.
    public func point(recall target: Double) -> Point? { points.first { $0.recall >= target } }
}
