import JSON

/// Goes through the rows of a CSV or TSV file as Hugging Face's `datasets` does: a header, then rows whose columns have the types
/// that pandas finds, chunk by chunk.
struct TableRows: RowScanner {
    /// Rows whose types are found together: Hugging Face's `chunksize`.
    static let chunkRows = 10_000

    /// What the cells of a row mean.
    struct Shape: Sendable {
        let names: [String]
        let kinds: [TableColumn.Kind]
        let separator: TableTokenizer.Separator

        /// The columns of a row.
        func members(_ bytes: [UInt8]) -> [JSONMember] {
            let cells = bytes.withUnsafeBufferPointer { buffer in
                // The row was read before: what cannot be read now was changed meanwhile.
                var tokenizer = TableTokenizer(
                    buffer, path: "", separator: separator, maxCellBytes: buffer.count, isWhole: false)
                return (try? tokenizer.next())?.cells
            }
            guard let cells else { return [] }
            return names.indices.map { column in
                let cell = column < cells.count ? cells[column] : nil
                return JSONMember(names[column], TableColumn.value(cell, kinds[column]))
            }
        }
    }

    private let path: String
    private var tokenizer: TableTokenizer
    private var header: [String] = []
    /// The types of the columns in each chunk.
    private var kinds: [[TableColumn.Kind]] = []
    /// Rows of the newest chunk that were not given out yet.
    private var found: ArraySlice<Range<Int>> = []

    /// - Parameter file: outlives the scanner.
    init(_ file: MappedFile, separator: TableTokenizer.Separator, maxCellBytes: Int) {
        path = file.path
        tokenizer = TableTokenizer(file.bytes, path: file.path, separator: separator, maxCellBytes: maxCellBytes)
    }

    func reader(of row: Int) -> RowReader {
        .table(Shape(names: header, kinds: kinds[row / Self.chunkRows], separator: tokenizer.separator))
    }

    mutating func next(_ columns: inout Set<String>) throws(DataError) -> Range<Int>? {
        if header.isEmpty {
            guard let first = try tokenizer.next() else {
                throw DataError("the file is empty; its first line should name the columns", file: path)
            }
            header = Self.names(first.cells)
            columns.formUnion(header)
        }
        if found.isEmpty { try readChunk() }
        return found.popFirst()
    }

    private mutating func readChunk() throws(DataError) {
        var lines: [TableTokenizer.Line] = []
        while lines.count < Self.chunkRows, let line = try nextLine(row: kinds.count * Self.chunkRows + lines.count + 1)
        {
            lines.append(line)
        }
        guard !lines.isEmpty else { return }
        kinds.append(
            header.indices.map { column in
                TableColumn.kind(of: lines.map { column < $0.cells.count ? $0.cells[column] : nil })
            })
        found = lines.map(\.range)[...]
    }

    private mutating func nextLine(row: Int) throws(DataError) -> TableTokenizer.Line? {
        let line: TableTokenizer.Line?
        do throws(DataError) { line = try tokenizer.next() } catch {
            throw DataError(error.message, file: path, line: error.line, row: row)
        }
        if let line, line.cells.count > header.count {
            throw DataError(
                """
                the row has \(line.cells.count) cells, the header names \(header.count) columns: put text that holds \
                \(tokenizer.separator) in double quotes
                """, file: path, line: line.number, row: row)
        }
        return line
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
