/// What came of augmenting data.
public struct AugmentReport: Sendable, Hashable {
    /// Rows that were written, in this run and before.
    public internal(set) var numKept = 0
    /// Of these, how many an earlier run wrote.
    public internal(set) var numEarlier = 0
    /// Rows that were left out, by reason.
    public internal(set) var dropped: [String: Int] = [:]
    /// Rows that another run will try again, by reason.
    public internal(set) var failed: [String: Int] = [:]

    /// All rows that were left out.
    public var numDropped: Int { dropped.values.reduce(0, +) }
    /// All rows that another run will try again.
    public var numFailed: Int { failed.values.reduce(0, +) }

    /// "90 rows kept (10 by an earlier run), 8 dropped, 2 failed" with a line for each reason.
    public var lines: [String] {
        let earlier = numEarlier > 0 ? " (\(numEarlier) by an earlier run)" : ""
        var lines = ["\(numKept) rows kept\(earlier), \(numDropped) dropped, \(numFailed) failed"]
        func add(_ reasons: [String: Int], _ title: String) {
            for (reason, count) in reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
                lines.append("  \(title) \(count): \(reason)")
            }
        }
        add(dropped, "dropped")
        add(failed, "failed")
        if numFailed > 0 { lines.append("Run the command again to try the failed rows once more.") }
        return lines
    }
}
