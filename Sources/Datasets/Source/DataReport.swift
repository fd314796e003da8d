public import Prompting

/// What became of the rows of a data set.
public struct DataReport: Sendable, Hashable {
    /// Rows that were left out for one reason.
    public struct Dropped: Sendable, Hashable {
        /// What is wrong and what to do.
        public let reason: DropReason
        /// The rows.
        public internal(set) var rows: CountedRows
        /// How many rows.
        public var count: Int { rows.count }
    }

    /// Rows that were read.
    public private(set) var numRead = 0
    /// Rows that were cut to the longest length, by the worst that was cut; counted by whoever encodes them.
    private var cuts: [Truncation: CountedRows] = [:]
    /// Rows that were left out, by reason, in the order in which the reasons came up.
    public private(set) var dropped: [Dropped] = []
    /// What else the user should see, such as images found elsewhere.
    public private(set) var warnings: [String] = []

    /// The rows of a reason that are named.
    public static let maxNamedRows = 5

    /// A report of nothing yet.
    public init() {}

    /// Rows that were left out.
    public var numDropped: Int { dropped.reduce(0) { $0 + $1.count } }
    /// Rows that were cut.
    public var numTruncated: Int { cuts.values.reduce(0) { $0 + $1.count } }
    /// Rows that were cut, in the order of what was cut.
    var truncated: CountedRows {
        Truncation.allCases.reduce(into: CountedRows()) { $0.add(rows(cutAt: $1)) }
    }
    /// Rows of which this was the worst that was cut.
    public func rows(cutAt truncation: Truncation) -> CountedRows { cuts[truncation] ?? CountedRows() }
    /// Rows that are used.
    public var numKept: Int { numRead - numDropped }

    /// Counts a row as read.
    public mutating func read(_ count: Int = 1) { numRead += count }

    /// Counts a row as cut, if it was.
    public mutating func truncate(_ truncation: Truncation, _ origin: RowOrigin) {
        if truncation != .none { cuts[truncation, default: CountedRows()].add(origin) }
    }

    /// Counts a row as left out.
    public mutating func drop(_ reason: DropReason, _ origin: RowOrigin) {
        var rows = CountedRows()
        rows.add(origin, detail: reason.detail)
        drop(DropReason(reason.description, isMistake: reason.isMistake), rows)
    }

    /// Adds a warning, once.
    public mutating func warn(_ message: String) {
        if !warnings.contains(message) { warnings.append(message) }
    }

    /// Adds the counts of another report.
    public mutating func merge(_ other: DataReport) {
        numRead += other.numRead
        for (truncation, rows) in other.cuts { cuts[truncation, default: CountedRows()].add(rows) }
        for item in other.dropped { drop(item.reason, item.rows) }
        other.warnings.forEach { warn($0) }
    }

    private mutating func drop(_ reason: DropReason, _ rows: CountedRows) {
        if let index = dropped.firstIndex(where: { $0.reason == reason }) {
            dropped[index].rows.add(rows)
        } else {
            dropped.append(Dropped(reason: reason, rows: rows))
        }
    }
}

extension DataReport: CustomStringConvertible {
    /// "1 row", "2 rows".
    public static func rows(_ count: Int) -> String { count == 1 ? "1 row" : "\(count) rows" }

    /// "1,000 rows read, 998 kept, 3 truncated, 2 dropped" with a line for each reason and warning.
    public var description: String {
        var lines = ["\(Self.rows(numRead)) read, \(numKept) kept, \(numTruncated) truncated, \(numDropped) dropped"]
        lines += dropped.map { "  dropped \($0.count): \($0.reason) (\($0.rows.places()))" }
        return (lines + warnings.map { "  warning: \($0)" }).joined(separator: "\n")
    }
}
