public import Foundation
public import JSON

/// One row of a data file.
public struct Record: Sendable, Hashable {
    /// The row's columns, in order.
    public let members: [JSONMember]
    /// The row's number in its file, from 1.
    public let row: Int
    /// The file's path.
    public let file: String
    /// Whether the row is of a table (CSV), where text that looks like a number is one: used as text it is text again.
    public let isTable: Bool

    /// A row as it was read.
    public init(members: [JSONMember], row: Int, file: String, isTable: Bool = false) {
        self.members = members
        self.row = row
        self.file = file
        self.isTable = isTable
    }

    /// A column's value; nil when the row has no such column.
    public subscript(column: String) -> JSONValue? { members.last { $0.key == column }?.value }
}

/// Reads data files: a JSON list of objects, or one object a line (.json and .jsonl mean the same, as in Hugging Face), a table
/// with a header (.csv, .tsv), a text a line (.txt), or columns (.parquet, .arrow, .feather).
public enum RecordFile {
    /// The endings of files that hold rows here.
    public static let endings = ["json", "jsonl", "csv", "tsv", "txt"] + ArrowFile.endings

    /// Reads the rows of a file.
    ///
    /// - Parameter limit: rows to read at most; the rest of the file is not looked at.
    /// - Throws: `DataError` that names file, line, row and remedy.
    public static func read(path: String, limit: Int? = nil) throws(DataError) -> [Record] {
        try refuseOthersThanFiles(path)
        if ArrowFile.endings.contains(URL(fileURLWithPath: path).pathExtension.lowercased()) {
            return try ArrowFile.read(path: path, limit: limit)
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw DataError("the file cannot be read: \(error.localizedDescription)", file: path)
        }
        return try parse(data, path: path, limit: limit)
    }

    /// Reads the rows of a file, or of all files of a folder in the order of their names.
    ///
    /// - Throws: `DataError` that names file, line, row and remedy.
    public static func read(fileOrFolder path: String, limit: Int? = nil) throws(DataError) -> [Record] {
        Array(try DataFiles.read(try DataFiles.files(at: path), limit: limit))
    }

    /// Bytes a row may have: one row of a file without line ends must not take all memory.
    static let maxRowBytes = 256 << 20

    /// What is wrong with a row of more bytes than that.
    static func tooLong(_ maxRowBytes: Int) -> String {
        "the row is longer than \(maxRowBytes >> 20) MiB: a row is one sample, divide it"
    }

    /// Reads the rows of a file's bytes, of a format that is read from memory; `path` is only used in messages.
    public static func parse(_ data: Data, path: String, limit: Int? = nil) throws(DataError) -> [Record] {
        try parse(data, path: path, limit: limit, maxRowBytes: maxRowBytes)
    }

    static func parse(_ data: Data, path: String, limit: Int?, maxRowBytes: Int) throws(DataError) -> [Record] {
        if let error = data.withUnsafeBytes({ foreignFile($0.bindMemory(to: UInt8.self), path: path) }) { throw error }
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "csv": return try TableFile.parse(data, path: path, limit: limit, maxRowBytes: maxRowBytes)
        case "tsv":
            return try TableFile.parse(data, path: path, separator: .tab, limit: limit, maxRowBytes: maxRowBytes)
        case "txt": return try TextFile.parse(data, path: path, limit: limit, maxRowBytes: maxRowBytes)
        default: break
        }
        // A typed error does not travel through `withUnsafeBytes`.
        let result = data.withUnsafeBytes { raw -> Result<[Record], DataError> in
            var reader = RecordReader(
                bytes: raw.bindMemory(to: UInt8.self), path: path, limit: limit ?? .max, maxRowBytes: maxRowBytes)
            var records: [Record] = []
            do throws(DataError) {
                try reader.read { members, _ in
                    records.append(Record(members: members, row: records.count + 1, file: path))
                }
                return .success(records)
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Adds the rows of a file; those of JSON files stay where they are until they are asked for.
    static func append(_ path: String, limit: Int? = nil, to list: inout RecordList) throws(DataError) {
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "json", "jsonl":
            try refuseOthersThanFiles(path)
            list.append(try RecordIndex(path: path, limit: limit))
        case let ending where ArrowFile.endings.contains(ending):
            try refuseOthersThanFiles(path)
            list.append(try RecordIndex(arrow: path, limit: limit))
        default: list.append(try read(path: path, limit: limit))
        }
    }
}

/// Goes through the rows of a JSON file.
struct RecordReader {
    let bytes: UnsafeBufferPointer<UInt8>
    let path: String
    let limit: Int
    let maxRowBytes: Int
    private var count = 0
    /// The columns of the newest row.
    private var newest: [JSONMember] = []

    init(
        bytes: UnsafeBufferPointer<UInt8>, path: String, limit: Int, maxRowBytes: Int = RecordFile.maxRowBytes
    ) {
        self.maxRowBytes = maxRowBytes
        self.bytes = bytes
        self.path = path
        self.limit = limit
    }

    /// What is done with each row: its columns, and the bytes that it takes.
    typealias Visit = ([JSONMember], Range<Int>) -> Void

    /// Gives every row to `visit`, in order.
    mutating func read(_ visit: Visit) throws(DataError) {
        if bytes.isEmpty { throw DataError("the file is empty; it should hold a list of rows: [{…}, {…}]", file: path) }
        var scanner = JSONScanner(bytes, from: starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, dialect: .strict)
        do {
            switch scanner.peek() {
            case nil: throw DataError("the file is empty; it should hold a list of rows: [{…}, {…}]", file: path)
            case UInt8(ascii: "["): try readList(&scanner, visit)
            case UInt8(ascii: "{"): try readLines(&scanner, visit)
            default:
                _ = try scanner.readValue()
                throw DataError("the file should hold a list of rows: [{…}, {…}], or one {…} a line", file: path)
            }
        } catch let mistake as JSONError {
            throw error(mistake)
        } catch let error as DataError {
            throw error
        } catch {
            throw DataError("\(error)", file: path)
        }
    }

    private mutating func readList(_ scanner: inout JSONScanner, _ visit: Visit) throws {
        scanner.offset += 1
        if scanner.peek() == UInt8(ascii: "]") {
            throw DataError("the list has no rows", file: path)
        }
        repeat {
            scanner.skipSpace()
            if count >= limit { return }
            let start = scanner.offset
            try take(try readRow(&scanner), at: start, scanner, visit)
        } while try hasMore(&scanner)
        if scanner.peek() != nil {
            throw scanner.failure(.content("there is more after the closing ] of the list: remove it"))
        }
    }

    /// The next row; one longer than `maxRowBytes` is refused before more of it is read.
    private func readRow(_ scanner: inout JSONScanner) throws -> JSONValue {
        guard bytes.count - scanner.offset > maxRowBytes else { return try scanner.readValue() }
        let window = UnsafeBufferPointer(rebasing: bytes[..<(scanner.offset + maxRowBytes)])
        var windowed = JSONScanner(window, from: scanner.offset, dialect: .strict)
        do throws(JSONError) {
            let value = try windowed.readValue()
            scanner.offset = windowed.offset
            return value
        } catch {
            guard case .unfinished = error.kind else { throw error }
            throw DataError(RecordFile.tooLong(maxRowBytes), file: path, row: count + 1)
        }
    }

    private func hasMore(_ scanner: inout JSONScanner) throws(DataError) -> Bool {
        do throws(JSONError) { return try scanner.more(until: UInt8(ascii: "]")) } catch {
            throw self.error(error, list: "list of rows")
        }
    }

    private mutating func readLines(_ scanner: inout JSONScanner, _ visit: Visit) throws {
        let first = scanner.offset
        while scanner.peek() != nil, count < limit {
            let start = scanner.offset
            let value = try readRow(&scanner)
            if scanner.peek() == UInt8(ascii: ",") {
                throw scanner.failure(
                    .content(
                        "one row a line has no commas between the rows: remove it, or put [ ] around all rows"))
            }
            try take(value, at: start, scanner, visit)
            if let byte = scanner.peek(), byte != UInt8(ascii: "{"), byte != UInt8(ascii: "[") {
                throw scanner.failure(.content("each line should hold one row {…} and nothing else"))
            }
        }
        let isOverLines = count == 1 && bytes[first..<min(scanner.offset, bytes.count)].contains(0x0A)
        let members = newest
        if count == 1, path.lowercased().hasSuffix(".json"), isOverLines, scanner.peek() == nil,
            members.contains(where: { $0.value.arrayValue != nil && isRows($0.value) })
        {
            let keys = members.map { "\"\($0.key)\"" }.joined(separator: ", ")
            throw DataError(
                "the file holds one object (with \(keys)) instead of a list of rows: keep the list inside it only, [{…}, {…}]",
                file: path)
        }
    }

    /// Whether a value is a list of objects with several keys, such as a whole data set under one key.
    private func isRows(_ value: JSONValue) -> Bool {
        guard let rows = value.arrayValue, !rows.isEmpty else { return false }
        return rows.allSatisfy { $0.members != nil } && !rows.allSatisfy { $0["role"] != nil || $0["from"] != nil }
    }

    private mutating func take(_ value: JSONValue, at offset: Int, _ scanner: JSONScanner, _ visit: Visit)
        throws(DataError)
    {
        guard let members = value.members else {
            let message = "a row should be an object {…}; this one is \(value.kind)"
            throw error(scanner.failure(.content(message), from: offset))
        }
        count += 1
        newest = members
        visit(members, offset..<scanner.offset)
    }

    private func starts(with prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }

    /// An error with its line and row.
    private func error(_ mistake: JSONError, list: String = "list") -> DataError {
        DataError(
            "\(mistake.remedy(list: list)) (column \(mistake.column))", file: path, line: mistake.line,
            row: count + 1)
    }
}
