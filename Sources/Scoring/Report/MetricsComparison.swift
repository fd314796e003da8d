import Reporting

/// Several files of predictions for the same questions side by side: base, checkpoint, last; with and without thinking.
public struct MetricsComparison: Sendable {
    /// How one file's answers differ from the first file's, over the rows that both have.
    public struct Change: Sendable, Equatable {
        /// Rows of both files with the same label.
        public var numCommon = 0
        /// Right here, wrong in the first.
        public var wins: [RowPair] = []
        /// Wrong here, right in the first.
        public var losses: [RowPair] = []
        /// Rows with the same answer in both.
        public var numEqual = 0

        /// McNemar's exact test: how probable so uneven wins and losses are by chance alone (two-sided binomial).
        public var chance: Double {
            let (count, fewer) = (wins.count + losses.count, min(wins.count, losses.count))
            guard count > 0 else { return 1 }
            var term = 1.0, sum = 0.0
            // Terms relative to the largest power of two that fits: beyond 1000 changes the sum would underflow.
            var scale = 0
            for index in 0...fewer {
                sum += term
                term *= Double(count - index) / Double(index + 1)
                while term > 1e250 {
                    term *= 0x1p-800
                    sum *= 0x1p-800
                    scale += 800
                }
            }
            return min(1, 2 * sum * Double(sign: .plus, exponent: scale - count, significand: 1))
        }
    }

    /// Numbers of a row in the first file and in another, from 0.
    public struct RowPair: Sendable, Equatable {
        public var first: Int
        public var other: Int
    }

    /// Short names of the files.
    public let names: [String]
    public let reports: [MetricsReport]
    /// One a file after the first.
    public let changes: [Change]

    /// - Parameter files: path and report of each file.
    public init(_ files: [(path: String, report: MetricsReport)]) {
        names = Self.shortNames(files.map(\.path))
        reports = files.map(\.report)
        changes = files.dropFirst().map { Self.change(from: files[0].report, to: $0.report) }
    }

    private static func change(from first: MetricsReport, to other: MetricsReport) -> Change {
        var change = Change()
        for pair in matched(first, other) {
            let (before, after) = (first.rows[pair.first], other.rows[pair.other])
            change.numCommon += 1
            if AnswerText.normalized(before.prediction.text) == AnswerText.normalized(after.prediction.text) {
                change.numEqual += 1
            }
            if after.isRight, !before.isRight { change.wins.append(pair) }
            if !after.isRight, before.isRight { change.losses.append(pair) }
        }
        return change
    }

    /// Rows that belong together: by place when all labels are equal, else by prompt and label.
    private static func matched(_ first: MetricsReport, _ other: MetricsReport) -> [RowPair] {
        func label(_ row: MetricsReport.Row) -> String { AnswerText.trimmed(row.label) }
        if first.rows.map(label) == other.rows.map(label) {
            return first.rows.indices.map { RowPair(first: $0, other: $0) }
        }
        var places: [[String]: [Int]] = [:]
        for (index, row) in first.rows.enumerated().reversed() {
            places[[AnswerText.trimmed(row.line.prompt), label(row)], default: []].append(index)
        }
        return other.rows.enumerated().compactMap { index, row in
            places[[AnswerText.trimmed(row.line.prompt), label(row)]]?.popLast().map {
                RowPair(first: $0, other: index)
            }
        }
    }

    /// Names that tell the files apart: without the folders and the ending that all have.
    static func shortNames(_ paths: [String]) -> [String] {
        var parts = paths.map { $0.split(separator: "/").map(String.init) }
        while let first = parts.first?.first, parts.allSatisfy({ $0.count > 1 && $0[0] == first }) {
            parts = parts.map { Array($0.dropFirst()) }
        }
        while let last = parts.first?.last, parts.allSatisfy({ $0.count > 1 && $0.last == last }) {
            parts = parts.map { Array($0.dropLast()) }
        }
        return parts.map { names in
            var name = names.joined(separator: "/")
            for ending in [".jsonl", ".json"] where name.hasSuffix(ending) { name.removeLast(ending.count) }
            return name
        }
    }
}
