import Prompting

/// How much of its data a run may lose before it refuses to start.
public struct DataLimits: Sendable, Hashable {
    /// Largest share of rows that may be left out (`max_dropped_share`).
    public var droppedShare = 0.2
    /// Largest share of rows that may be cut to `cutoff_len` (`max_truncated_share`). Cutting is what `cutoff_len` asks for, so
    /// that by default it is only told.
    public var truncatedShare = 1.0
    /// Largest share of rows whose labels may vanish (`max_unlabeled_share`).
    public var unlabeledShare = 0.1
    /// Largest share of rows to evaluate on that may also be trained on (`max_leaked_share`).
    public var leakedShare = 0.3

    /// The default limits.
    public init() {}

    /// The beginning of the reason with which rows are dropped that have nothing to learn.
    public static let unlabeledReason = "nothing to learn"

    /// What of the rows a run reads is beyond the limits: what, how much, which rows and what to do. Empty when it may start.
    ///
    /// - Parameter use: the key that names the data sets, `dataset` or `eval_dataset`.
    public func problems(_ report: DataReport, use: String) -> [String] {
        var problems: [String] = []
        let lost = report.dropped
        if let share = excess(report.numDropped, of: report.numRead, over: droppedShare) {
            problems.append(
                """
                \(share.text) of the rows of `\(use)` are dropped (\(report.numDropped) of \(report.numRead); \
                \(Self.percent(droppedShare)) may be):\(Self.list(lost))
                Mend them (anneal data check tells more), or set max_dropped_share: \(share.enough) to go on without them.
                """)
        }
        let unlabeled = lost.filter { $0.reason.description.hasPrefix(Self.unlabeledReason) }
        let numUnlabeled = unlabeled.reduce(0) { $0 + $1.count }
        if let share = excess(numUnlabeled, of: report.numRead, over: unlabeledShare) {
            problems.append(
                """
                \(share.text) of the rows of `\(use)` have nothing to learn (\(numUnlabeled) of \(report.numRead); \
                \(Self.percent(unlabeledShare)) may be):\(Self.list(unlabeled))
                Fill the answers or raise cutoff_len, or set max_unlabeled_share: \(share.enough) to go on without them.
                """)
        }
        if let share = excess(report.numTruncated, of: report.numRead, over: truncatedShare) {
            let rows = report.truncated.places()
            problems.append(
                """
                \(share.text) of the rows of `\(use)` are cut to cutoff_len (\(report.numTruncated) of \(report.numRead); \
                \(Self.percent(truncatedShare)) may be): \(rows)
                Raise cutoff_len, or set max_truncated_share: \(share.enough) to learn from the cut rows.
                """)
        }
        return problems
    }

    /// What is wrong with the rows to evaluate on; empty when the run may start.
    public func problems(_ leakage: DataLeakage) -> [String] {
        guard let share = excess(leakage.wholeRows.count, of: leakage.numRows, over: leakedShare) else { return [] }
        let rows = leakage.wholeRows.places()
        return [
            """
            \(share.text) of the rows to evaluate on are also trained on (\(leakage.wholeRows.count) of \(leakage.numRows); \
            \(Self.percent(leakedShare)) may be): \(rows)
            Remove them from one of the two, or set max_leaked_share: \(share.enough) to evaluate on them all the same.
            """
        ]
    }

    /// What the user should see though the run starts.
    public func warnings(_ report: DataReport, use: String) -> [String] {
        var warnings: [String] = []
        if report.numTruncated * 2 > report.numRead,
            excess(report.numTruncated, of: report.numRead, over: truncatedShare) == nil
        {
            let share = Self.percent(Double(report.numTruncated) / Double(report.numRead))
            warnings.append(
                """
                \(share) of the rows of `\(use)` are cut to cutoff_len (\(report.numTruncated) of \(report.numRead)): raise \
                it to learn from whole rows
                """)
        }
        for (truncation, what) in Self.templateCuts {
            let rows = report.rows(cutAt: truncation)
            guard rows.count > 0 else { continue }
            let number = rows.count == 1 ? "1 row" : "\(rows.count) rows"
            warnings.append("in \(number) of `\(use)` \(what) (\(rows.places())): \(Self.cutRemedy)")
        }
        return warnings
    }

    /// Cuts that go through what the template writes, and what that means for the model.
    static let templateCuts: [(Truncation, String)] = [
        (
            .promptEnd,
            "cutoff_len cuts through the template, the end of the prompt is lost and the answer begins within the question"
        ),
        (.answerEnd, "cutoff_len cuts off the end of the answer, where to stop is not learned"),
    ]
    /// What to do about them.
    static let cutRemedy = "raise cutoff_len, or shorten or remove these rows"

    private func excess(_ count: Int, of total: Int, over limit: Double) -> (text: String, enough: String)? {
        guard total > 0, count > 0 else { return nil }
        let share = Double(count) / Double(total)
        guard share > limit else { return nil }
        // The least number of three places that is enough.
        let thousandths = min(1000, (share * 1000).rounded(.up))
        return (Self.percent(share), "\(thousandths / 1000)")
    }

    private static func list(_ dropped: [DataReport.Dropped]) -> String {
        dropped.map { "\n  \($0.count): \($0.reason) (\($0.rows.places()))" }.joined()
    }

    private static func percent(_ share: Double) -> String {
        let tenths = (share * 1000).rounded()
        return "\(tenths / 10) %"
    }
}
