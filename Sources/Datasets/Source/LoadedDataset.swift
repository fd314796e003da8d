/// A data set that was read: its rows in order, those that cannot be used among them.
///
/// Unusable rows keep their place until the data are merged and split, as in LLaMA-Factory, so that the split is the same.
public struct LoadedDataset: Sendable {
    /// The data set's name.
    public let name: String
    /// All rows.
    public let rows: [ConvertedRow]
    /// What the user should see.
    public let warnings: [String]

    public init(name: String, rows: [ConvertedRow], warnings: [String] = []) {
        self.name = name
        self.rows = rows
        self.warnings = warnings
    }

    /// The rows that can be used, in order.
    public var keptRows: [DataRow] { rows.compactMap(\.kept) }

    /// What became of the rows.
    public var report: DataReport {
        var report = DataReport()
        rows.forEach { report.count($0) }
        warnings.forEach { report.warn($0) }
        return report
    }
}

extension ConvertedRow {
    /// The row, when it can be used.
    public var kept: DataRow? {
        guard case .kept(let row) = self else { return nil }
        return row
    }
}

extension DataReport {
    /// Counts a row as read, and as left out when it is.
    mutating func count(_ row: ConvertedRow) {
        read()
        if case .dropped(let reason, let origin) = row { drop(reason, origin) }
    }
}
