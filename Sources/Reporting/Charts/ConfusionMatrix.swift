/// How often each true class was predicted as each class.
public struct ConfusionMatrix: Sendable, Equatable {
    /// Names of the classes; row and column `i` belong to `classes[i]`.
    public let classes: [String]
    /// `counts[truth][prediction]`.
    public private(set) var counts: [[Int]]
    /// Predictions that are no class at all, by true class.
    public private(set) var numInvalid: [Int]

    public init(classes: [String]) {
        self.classes = classes
        counts = classes.map { _ in [Int](repeating: 0, count: classes.count) }
        numInvalid = [Int](repeating: 0, count: classes.count)
    }

    /// Counts one case. A prediction outside the classes is counted as invalid; a truth outside them is refused.
    /// - Returns: whether the case was counted.
    @discardableResult
    public mutating func add(truth: String, prediction: String) -> Bool {
        guard let row = classes.firstIndex(of: truth) else { return false }
        if let column = classes.firstIndex(of: prediction) { counts[row][column] += 1 } else { numInvalid[row] += 1 }
        return true
    }

    /// Number of cases.
    public var total: Int { counts.joined().reduce(0, +) + numInvalid.reduce(0, +) }

    /// Share of cases on the diagonal; invalid predictions are wrong. NaN without cases.
    public var accuracy: Double {
        Double(classes.indices.reduce(0) { $0 + counts[$1][$1] }) / Double(total)
    }

    /// Share of a class's cases that were found; NaN when it has none.
    public func recall(_ index: Int) -> Double {
        Double(counts[index][index]) / Double(counts[index].reduce(0, +) + numInvalid[index])
    }

    /// Share of the predictions of a class that were right; NaN when it was never predicted.
    public func precision(_ index: Int) -> Double {
        Double(counts[index][index]) / Double(classes.indices.reduce(0) { $0 + counts[$1][index] })
    }

    /// The matrix, recall and precision of every class, and the accuracy, as lines for a terminal.
    public var lines: [String] {
        let hasInvalid = numInvalid.contains { $0 > 0 }
        var rows = [["truth \\ prediction"] + classes + (hasInvalid ? ["(other)"] : []) + ["recall", "precision"]]
        for index in classes.indices {
            rows.append(
                [classes[index]] + counts[index].map(String.init) + (hasInvalid ? [String(numInvalid[index])] : [])
                    + [percent(recall(index)), percent(precision(index))])
        }
        let widths = rows[0].indices.map { column in rows.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
        let table = rows.map { row in
            row.enumerated().map { column, cell in
                let room = String(repeating: " ", count: widths[column] - DisplayWidth.of(cell))
                return column == 0 ? cell + room : room + cell
            }.joined(separator: "  ")
        }
        let numRight = classes.indices.reduce(0) { $0 + counts[$1][$1] }
        return table + ["accuracy \(percent(accuracy)) (\(numRight) of \(total))"]
    }

    private func percent(_ share: Double) -> String { share.isNaN ? "-" : Python.format(share * 100, "%.1f") + "%" }
}
