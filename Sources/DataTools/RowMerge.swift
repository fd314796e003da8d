public import Datasets
public import JSON

/// Several data files as one.
public enum RowMerge {
    /// The rows of files, one file after another.
    ///
    /// - Parameters:
    ///   - removesDuplicates: leaves out rows that equal an earlier one.
    ///   - shuffleSeed: shuffles all rows; nil keeps their order.
    /// - Returns: the rows, and how many were left out.
    public static func merged(_ files: [[Record]], removesDuplicates: Bool = false, shuffleSeed: Int? = nil)
        throws(DataError) -> (rows: [[JSONMember]], numDuplicates: Int)
    {
        try checkForms(files)
        var rows = files.flatMap { $0.map(\.members) }
        let numRows = rows.count
        if removesDuplicates {
            var seen: Set<[JSONMember]> = []
            rows = rows.filter { seen.insert($0).inserted }
        }
        let numDuplicates = numRows - rows.count
        if let shuffleSeed {
            var random = NumPyRandom(seed: UInt64(bitPattern: Int64(shuffleSeed)))
            rows = random.permutation(rows.count).map { rows[$0] }
        }
        return (rows, numDuplicates)
    }

    /// Rows of different forms in one file would be read by the columns of one of them.
    private static func checkForms(_ files: [[Record]]) throws(DataError) {
        func form(_ records: [Record]) -> String? {
            let keys = Set(records.prefix(100).flatMap { $0.members.map(\.key) })
            for column in ["messages", "conversations", "conversation", "instruction", "query", "text"]
            where keys.contains(column) {
                return column
            }
            return nil
        }
        guard let first = files.first, let wanted = form(first) else { return }
        for records in files.dropFirst() {
            guard let other = form(records), other != wanted else { continue }
            throw DataError(
                """
                the rows have '\(other)', those of \(first.first?.file ?? "the first file") have '\(wanted)': bring them into \
                one form first (anneal data convert)
                """, file: records.first?.file)
        }
    }
}
