import Foundation
public import Reporting

/// How well predictions match their labels; blanks around both do not count.
public struct PredictionScore: Sendable, Equatable {
    /// Labels of at most this many kinds are classes.
    public static let maxClasses = 20

    public let numLines: Int
    public let numRight: Int
    /// Present when the labels are classes: few kinds, and each of them more than once on the average.
    public let matrix: ConfusionMatrix?

    public init(_ lines: [PredictionLine]) {
        func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
        let pairs = lines.map { (truth: trimmed($0.label), prediction: trimmed($0.predict)) }
        numLines = pairs.count
        numRight = pairs.count { $0.truth == $0.prediction }
        let counts = Dictionary(pairs.map { ($0.truth, 1) }, uniquingKeysWith: +)
        guard !counts.isEmpty, counts.count <= Self.maxClasses, counts.count * 2 <= pairs.count else {
            matrix = nil
            return
        }
        // The most frequent class first; equal ones by name, so that the order does not change between runs.
        let classes = counts.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map(\.key)
        var matrix = ConfusionMatrix(classes: classes)
        for pair in pairs { matrix.add(truth: pair.truth, prediction: pair.prediction) }
        self.matrix = matrix
    }

    /// Share of predictions that equal their label; NaN without lines.
    public var accuracy: Double { Double(numRight) / Double(numLines) }

    /// Harmonic mean of a class's precision and recall; NaN when both are undefined, 0 when nothing was right.
    public func f1(_ index: Int) -> Double {
        guard let matrix else { return .nan }
        let found = Double(matrix.counts[index][index])
        let predicted = Double(matrix.classes.indices.reduce(0) { $0 + matrix.counts[$1][index] })
        let present = Double(matrix.counts[index].reduce(0, +) + matrix.numInvalid[index])
        return 2 * found / (predicted + present)
    }

    /// Accuracy and, for classes, the confusion matrix with recall, precision and F1.
    public var lines: [String] {
        guard numLines > 0 else { return ["no predictions to compare"] }
        guard let matrix else {
            return ["accuracy \(Self.percent(accuracy)) (\(numRight) of \(numLines) equal their label)"]
        }
        let scores = matrix.classes.indices.map { "\(matrix.classes[$0]) \(Self.percent(f1($0)))" }
        let mean = matrix.classes.indices.reduce(0) { $0 + f1($1) } / Double(matrix.classes.count)
        return matrix.lines + ["F1: \(scores.joined(separator: ", ")); mean \(Self.percent(mean))"]
    }

    private static func percent(_ share: Double) -> String { share.isNaN ? "-" : String(format: "%.1f%%", share * 100) }
}
