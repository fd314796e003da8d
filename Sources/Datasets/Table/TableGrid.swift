import Foundation
public import JSON

/// A CSV file whose first row need not name its columns, with the values that pandas' `read_csv` gives.
public enum TableGrid {
    /// Reads a file.
    ///
    /// - Parameter isHeader: whether the cells of the first row are names of columns and no values.
    /// - Returns: the names (empty without a header) and the rows.
    public static func read(path: String, isHeader: ([String]) -> Bool) throws(DataError) -> (
        names: [String], rows: [[JSONValue]]
    ) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DataError("the file cannot be read", file: path)
        }
        let result = data.withUnsafeBytes { raw -> Result<[[String]], DataError> in
            var tokenizer = TableTokenizer(
                raw.bindMemory(to: UInt8.self), path: path, separator: .comma, maxCellBytes: RecordFile.maxRowBytes)
            var lines: [[String]] = []
            do throws(DataError) {
                while let line = try tokenizer.next() { lines.append(line.cells) }
            } catch { return .failure(error) }
            return .success(lines)
        }
        var lines = try result.get()
        guard let first = lines.first else { throw DataError("the file is empty", file: path) }
        let names = isHeader(first) ? lines.removeFirst() : []
        let numColumns = first.count
        if let row = lines.firstIndex(where: { $0.count > numColumns }) {
            throw DataError(
                "the row has \(lines[row].count) cells, the first row \(numColumns): put text that holds commas in double quotes",
                file: path, row: row + 1)
        }
        let columns = (0..<numColumns).map { column in
            TableColumn.values(lines.map { $0.indices.contains(column) ? $0[column] : nil })
        }
        return (names, lines.indices.map { row in columns.map { $0[row] } })
    }
}
