import Synchronization

/// The rows of a data set's files, one file after another, gone through as far as rows are asked for.
final class RecordStream: Sendable {
    private let files: [String]
    /// The files that were opened, and the number of the first row of each.
    private let parts = Mutex<[(first: Int, index: RecordIndex)]>([])

    /// Opens no file yet.
    init(_ files: [String]) { self.files = files }

    /// Whether there is such a row (from 0).
    func contains(_ row: Int) throws(DataError) -> Bool {
        try parts.withLock { parts throws(DataError) in
            while true {
                if let last = parts.last {
                    try last.index.extend(to: row - last.first + 1)
                    if row < last.first + last.index.count { return true }
                }
                guard parts.count < files.count else { return false }
                let first = parts.last.map { $0.first + $0.index.count } ?? 0
                parts.append((first, try RecordIndex(path: files[parts.count])))
            }
        }
    }

    /// Reads a row that is there.
    func record(_ row: Int) -> Record {
        let part = parts.withLock { parts in parts.last { $0.first <= row } }
        return part.map { $0.index.record(row - $0.first) } ?? Record(members: [], row: row + 1, file: "")
    }
}
