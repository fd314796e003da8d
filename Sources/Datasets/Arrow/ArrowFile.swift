import CArrow
import Foundation
import JSON

/// Reads Parquet files, and Arrow's files (Feather) and streams, batch after batch: a window of rows is in memory, not the file.
///
/// Values are what Hugging Face's `datasets` gives: structures are objects, maps too, times are texts (ISO 8601), fixed-point
/// numbers are texts. Bytes that are no text, and Hugging Face's {"bytes", "path"}, become {"path": …} of a saved file.
final class ArrowFile {
    /// The endings of such files.
    static let endings = ["parquet", "arrow", "feather"]
    /// Rows of a batch, where the file lets one choose.
    static let batchRows = 1_024

    private let path: String
    private var stream = ArrowArrayStream()
    private let columns: [(name: String, type: ArrowType)]
    private var media: EmbeddedMedia
    private var numRows = 0

    /// Why such files cannot be read on this machine; nil when they can.
    static var unavailability: String? {
        var message = carrow_message()
        return carrow_load(&message) == CARROW_OK ? nil : text(message)
    }

    /// Opens a file.
    ///
    /// - Throws: `DataError` that names the file, what is wrong with it and what to do.
    init(path: String) throws(DataError) {
        self.path = path
        media = EmbeddedMedia(file: path)
        try Self.checkEnds(of: path)
        var message = carrow_message()
        switch carrow_open(path, Int64(Self.batchRows), &stream, &message) {
        case Int32(CARROW_OK): break
        case Int32(CARROW_NO_LIBRARY):
            throw DataError(
                """
                Parquet and Arrow files need Apache Arrow's library, which is not here: run `make setup`, or convert the data to \
                .jsonl (\(Self.text(message)))
                """, file: path)
        default: throw Self.damaged(path, Self.text(message))
        }
        var columns: [(name: String, type: ArrowType)] = []
        do throws(DataError) {
            columns = try Self.columns(&stream, path)
        } catch {
            stream.release?(&stream)
            throw error
        }
        self.columns = columns
    }

    deinit { stream.release?(&stream) }

    /// The rows of the next batch that has any; nil at the end.
    func next() throws(DataError) -> [Record]? {
        while true {
            var batch = ArrowArray()
            guard stream.get_next?(&stream, &batch) == 0 else {
                let text = stream.get_last_error?(&stream).map { String(cString: $0) } ?? "an unknown error"
                throw Self.damaged(path, text, row: numRows + 1)
            }
            guard batch.release != nil else { return nil }
            defer { batch.release?(&batch) }
            let records = try self.records(batch)
            if !records.isEmpty { return records }
        }
    }

    private func records(_ batch: ArrowArray) throws(DataError) -> [Record] {
        media.beginBatch()
        var values: [ArrowColumn] = []
        for (index, column) in columns.enumerated() {
            guard index < batch.n_children, let array = batch.children?[index]?.pointee else { continue }
            media.begin(row: numRows + 1, dictionaryOf: index)
            values.append(try ArrowColumn(column.type, array, &media))
        }
        var records: [Record] = []
        records.reserveCapacity(Int(batch.length))
        for row in 0..<Int(batch.length) {
            numRows += 1
            media.begin(row: numRows)
            var members: [JSONMember] = []
            members.reserveCapacity(values.count)
            for (column, value) in zip(columns, values) {
                members.append(JSONMember(column.name, try value.value(at: row + Int(batch.offset), &media)))
            }
            records.append(Record(members: members, row: numRows, file: path))
        }
        return records
    }

    private static func columns(
        _ stream: inout ArrowArrayStream, _ path: String
    ) throws(DataError) -> [(name: String, type: ArrowType)] {
        var schema = ArrowSchema()
        guard stream.get_schema?(&stream, &schema) == 0 else {
            throw damaged(path, stream.get_last_error?(&stream).map { String(cString: $0) } ?? "no schema")
        }
        defer { schema.release?(&schema) }
        var columns: [(name: String, type: ArrowType)] = []
        for index in 0..<Int(schema.n_children) {
            guard let column = schema.children?[index]?.pointee else { continue }
            let name = column.name.map { String(cString: $0) } ?? ""
            do throws(ArrowType.Unsupported) {
                columns.append((name, try ArrowType(column)))
            } catch {
                throw DataError(
                    "the column '\(name)' has a type that is not read here (\(error.format)): remove it or convert it to text",
                    file: path)
            }
        }
        if columns.isEmpty { throw DataError("the file has no columns", file: path) }
        return columns
    }

    /// Says in plain words what is wrong with a file that Arrow would only call invalid.
    private static func checkEnds(of path: String) throws(DataError) {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw DataError("the file cannot be read: \(String(cString: strerror(errno)))", file: path)
        }
        defer { try? handle.close() }
        let head = (try? handle.read(upToCount: 256)) ?? Data()
        let size = (try? handle.seekToEnd()) ?? 0
        if head.isEmpty { throw DataError("the file is empty: download or write it again", file: path) }
        let isParquet = head.starts(with: Array("PAR1".utf8))
        if !isParquet, !head.starts(with: Array("ARROW1".utf8)) {
            let foreign = head.withUnsafeBytes { RecordFile.foreignFile($0.bindMemory(to: UInt8.self), path: path) }
            if let foreign { throw foreign }
        }
        if isParquet {
            try? handle.seek(toOffset: size - min(size, 4))
            let tail = (try? handle.read(upToCount: 4)) ?? Data()
            guard size >= 12, ["PAR1", "PARE"].contains(String(decoding: tail, as: UTF8.self)) else {
                throw DataError("the file is cut off, its end is missing: download or write it again", file: path)
            }
        } else if path.lowercased().hasSuffix(".parquet"), !head.starts(with: Array("PARE".utf8)) {
            throw DataError("this is not a Parquet file, although its name says so", file: path)
        }
    }

    private static func damaged(_ path: String, _ cause: String, row: Int? = nil) -> DataError {
        let line = cause.split(separator: "\n").first.map(String.init) ?? cause
        return DataError("the file is damaged (\(line)): download or write it again", file: path, row: row)
    }

    private static func text(_ message: carrow_message) -> String {
        withUnsafeBytes(of: message.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
