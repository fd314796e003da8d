import Foundation
import JSON

extension RecordIndex {
    /// Unpacks a Parquet or Arrow file once, batch after batch: its rows lie as JSON in a file without a name, which goes with
    /// the last reader, and are read from there when it is their turn.
    init(arrow path: String, limit: Int?) throws(DataError) {
        let rows = try ArrowFile(path: path)
        let folder = CacheFolder.path ?? NSTemporaryDirectory()
        let temporary = "\(folder)/rows-\(UUID().uuidString).jsonl"
        func failure(_ cause: String) -> DataError {
            DataError("its rows cannot be unpacked to \(folder) (\(cause)): set ANNEAL_CACHE", file: path)
        }
        let handle: FileHandle
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: temporary))
            handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
        } catch { throw failure(error.localizedDescription) }
        defer {
            try? handle.close()
            unlink(temporary)
        }
        var offsets = [0]
        var keys: Set<String> = []
        while offsets.count <= limit ?? .max, let batch = try rows.next() {
            keys.formUnion(batch[0].members.map(\.key))
            var text = ""
            var end = offsets[offsets.count - 1]
            for record in batch.prefix((limit ?? .max) - offsets.count + 1) {
                let line = JSONValue.object(record.members).text() + "\n"
                end += line.utf8.count
                offsets.append(end)
                text += line
            }
            do { try handle.write(contentsOf: Data(text.utf8)) } catch { throw failure(error.localizedDescription) }
        }
        if offsets.count == 1, limit != 0 { throw DataError("the file has no rows", file: path) }
        self.init(try MappedFile(path: temporary), offsets: offsets, keys: keys, path: path)
    }
}
