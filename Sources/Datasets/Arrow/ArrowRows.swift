import Foundation
import JSON

/// Goes through the rows of a Parquet or Arrow file, which is unpacked batch after batch: its rows lie as JSON in a file without
/// a name, which goes with the last reader, and are read from there when it is their turn.
struct ArrowRows: RowScanner {
    /// The file without a name.
    let file: MappedFile
    private let path: String
    private let folder: String
    private let rows: ArrowFile
    private let handle: FileHandle
    private var end = 0
    private var count = 0
    /// Rows of the newest batch that were not given out yet.
    private var found: ArraySlice<Range<Int>> = []

    init(path: String) throws(DataError) {
        self.path = path
        rows = try ArrowFile(path: path)
        folder = CacheFolder.path ?? NSTemporaryDirectory()
        let temporary = "\(folder)/rows-\(UUID().uuidString).jsonl"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: temporary))
            handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
        } catch { throw Self.failure(path, folder, error) }
        defer { unlink(temporary) }
        file = try MappedFile(path: temporary)
    }

    func reader(of row: Int) -> RowReader { .json(.python) }

    mutating func next(_ columns: inout Set<String>) throws(DataError) -> Range<Int>? {
        if found.isEmpty, let batch = try rows.next() {
            columns.formUnion(batch[0].members.map(\.key))
            var text = ""
            for record in batch {
                let line = JSONValue.object(record.members).text() + "\n"
                found.append(end..<end + line.utf8.count)
                end += line.utf8.count
                text += line
            }
            do { try handle.write(contentsOf: Data(text.utf8)) } catch { throw Self.failure(path, folder, error) }
        }
        guard let range = found.popFirst() else {
            if count == 0 { throw DataError("the file has no rows", file: path) }
            return nil
        }
        count += 1
        return range
    }

    private static func failure(_ path: String, _ folder: String, _ cause: any Error) -> DataError {
        DataError(
            "its rows cannot be unpacked to \(folder) (\(cause.localizedDescription)): set ANNEAL_CACHE", file: path)
    }
}
