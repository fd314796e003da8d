public import Reporting

/// Precision, recall and F1 by class, and their means, as scikit-learn's `classification_report` of these classes computes
/// them: answers that are no class are wrong and belong to no class; what is not defined counts as 0.
public struct ClassScores: Sendable, Equatable {
    /// Scores of one class, or a mean.
    public struct Row: Sendable, Equatable {
        public var name: String
        public var precision: Double
        public var recall: Double
        public var f1: Double
        /// Rows of this class.
        public var support: Int
    }

    public let matrix: ConfusionMatrix
    public let classes: [Row]
    /// Mean of the classes.
    public let macro: Row
    /// Of all cases together; recall is the accuracy.
    public let micro: Row
    /// Mean of the classes by their support.
    public let weighted: Row

    public init(_ matrix: ConfusionMatrix) {
        self.matrix = matrix
        func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
        func f1(_ found: Int, _ predicted: Int, _ present: Int) -> Double { ratio(2 * found, predicted + present) }
        var rows: [Row] = []
        var total = (found: 0, predicted: 0, present: 0)
        for (index, name) in matrix.classes.enumerated() {
            let found = matrix.counts[index][index]
            let predicted = matrix.counts.reduce(0) { $0 + $1[index] }
            let present = matrix.counts[index].reduce(0, +) + matrix.numInvalid[index]
            rows.append(
                Row(
                    name: name, precision: ratio(found, predicted), recall: ratio(found, present),
                    f1: f1(found, predicted, present), support: present))
            total = (total.found + found, total.predicted + predicted, total.present + present)
        }
        classes = rows
        func mean(_ name: String, _ weight: (Row) -> Double) -> Row {
            let sum = rows.reduce(0) { $0 + weight($1) }
            func mean(_ value: (Row) -> Double) -> Double {
                sum == 0 ? 0 : rows.reduce(0) { $0 + weight($1) * value($1) } / sum
            }
            return Row(
                name: name, precision: mean(\.precision), recall: mean(\.recall), f1: mean(\.f1),
                support: total.present)
        }
        macro = mean("macro mean") { _ in 1 }
        weighted = mean("weighted mean") { Double($0.support) }
        micro = Row(
            name: "micro mean", precision: ratio(total.found, total.predicted),
            recall: ratio(total.found, total.present), f1: f1(total.found, total.predicted, total.present),
            support: total.present)
    }

    /// The classes and their means.
    public var rows: [Row] { classes + [macro, micro, weighted] }

    /// The table of scores.
    var scoreLines: [String] {
        TextTable(
            [["class", "precision", "recall", "F1", "rows"]]
                + rows.map {
                    [
                        $0.name, Figures.percent($0.precision), Figures.percent($0.recall), Figures.percent($0.f1),
                        String($0.support),
                    ]
                }
        ).lines()
    }

    /// The confusion matrix within 80 columns: with names, with numbers for names, or only its most frequent confusions.
    var matrixLines: [String] {
        let hasInvalid = matrix.numInvalid.contains { $0 > 0 }
        func table(_ names: [String], _ head: [String]) -> TextTable {
            var rows = [["truth \\ prediction"] + head + (hasInvalid ? ["(other)"] : [])]
            for index in names.indices {
                rows.append(
                    [names[index]] + matrix.counts[index].map(String.init)
                        + (hasInvalid ? [String(matrix.numInvalid[index])] : []))
            }
            return TextTable(rows)
        }
        let named = table(matrix.classes, matrix.classes)
        if named.width <= 80 { return named.lines() }
        let numbered = table(
            matrix.classes.enumerated().map { "\($0 + 1) \($1)" }, matrix.classes.indices.map { String($0 + 1) })
        let firstColumn = numbered.rows.map { DisplayWidth.of($0[0]) }.max() ?? 0
        if numbered.width - firstColumn + 24 <= 80 { return numbered.lines() }
        return ["most frequent confusions of \(matrix.classes.count) classes"]
            + TextTable(
                [["truth -> prediction", "rows"]] + confusions.prefix(12).map { ["\($0) -> \($1)", String($2)] }
            )
            .lines()
    }

    /// Wrong answers by pair, the most frequent first.
    var confusions: [(truth: String, prediction: String, count: Int)] {
        var result: [(truth: String, prediction: String, count: Int)] = []
        for row in matrix.classes.indices {
            for column in matrix.classes.indices where column != row && matrix.counts[row][column] > 0 {
                result.append((matrix.classes[row], matrix.classes[column], matrix.counts[row][column]))
            }
            if matrix.numInvalid[row] > 0 { result.append((matrix.classes[row], "(other)", matrix.numInvalid[row])) }
        }
        return result.sorted { $0.count > $1.count }
    }
}
