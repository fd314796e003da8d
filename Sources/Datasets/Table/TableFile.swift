import Foundation
import JSON

/// Reads CSV and TSV files as Hugging Face's `datasets` does: a header, then rows whose columns have the types that pandas finds.
enum TableFile {
    /// Rows whose types are found together: Hugging Face's `chunksize`.
    static let chunkRows = 10_000

    /// Reads the rows of a file's bytes; `path` is only used in messages.
    static func parse(
        _ data: Data, path: String, separator: TableTokenizer.Separator = .comma, limit: Int? = nil,
        maxRowBytes: Int = RecordFile.maxRowBytes
    ) throws(DataError) -> [Record] {
        if data.isEmpty { throw DataError("the file is empty; its first line should name the columns", file: path) }
        let result = data.withUnsafeBytes { raw -> Result<[Record], DataError> in
            var reader = TableReader(
                TableTokenizer(
                    raw.bindMemory(to: UInt8.self), path: path, separator: separator, maxCellBytes: maxRowBytes),
                path: path)
            do throws(DataError) { return .success(try reader.read(limit: limit ?? .max)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

private struct TableReader {
    private var tokenizer: TableTokenizer
    private let path: String
    private var header: [String] = []
    private var records: [Record] = []

    init(_ tokenizer: TableTokenizer, path: String) {
        self.tokenizer = tokenizer
        self.path = path
    }

    mutating func read(limit: Int) throws(DataError) -> [Record] {
        guard let first = try tokenizer.next() else {
            throw DataError("the file is empty; its first line should name the columns", file: path)
        }
        header = Self.names(first.cells)
        var lines: [TableTokenizer.Line] = []
        // Types are those of a whole chunk, also when fewer rows are wanted.
        while records.count < limit, let line = try tokenizer.next() {
            try check(line, row: records.count + lines.count + 1)
            lines.append(line)
            if lines.count == TableFile.chunkRows { finish(&lines) }
        }
        finish(&lines)
        return Array(records.prefix(limit))
    }

    private func check(_ line: TableTokenizer.Line, row: Int) throws(DataError) {
        guard line.cells.count > header.count else { return }
        throw DataError(
            """
            the row has \(line.cells.count) cells, the header names \(header.count) columns: put text that holds \(tokenizer.separator) in \
            double quotes
            """, file: path, line: line.number, row: row)
    }

    private mutating func finish(_ lines: inout [TableTokenizer.Line]) {
        let columns = header.indices.map { column in
            TableColumn.values(lines.map { $0.cells.indices.contains(column) ? $0.cells[column] : nil })
        }
        for row in lines.indices {
            let members = header.indices.map { JSONMember(header[$0], columns[$0][row]) }
            records.append(Record(members: members, row: records.count + 1, file: path, isTable: true))
        }
        lines.removeAll(keepingCapacity: true)
    }

    /// The names of the columns: one without a name is "Unnamed: 0", one that is there already gets ".1".
    private static func names(_ cells: [String]) -> [String] {
        let written = cells.enumerated().map { $1.isEmpty ? "Unnamed: \($0)" : $1 }
        var counts: [String: Int] = [:]
        var names: [String] = []
        for name in written {
            var unique = name
            var count = counts[name, default: 0]
            while count > 0 {
                counts[name] = count + 1
                unique = "\(name).\(count)"
                count = counts[unique, default: written.contains(unique) ? 1 : 0]
                if count > 0 { count = counts[name, default: 0] }
            }
            counts[unique, default: 0] += 1
            names.append(unique)
        }
        return names
    }
}
