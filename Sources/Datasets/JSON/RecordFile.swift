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
/// with a header (.csv), or a text a line (.txt).
public enum RecordFile {
    /// The endings of files that hold rows here.
    public static let endings = ["json", "jsonl", "csv", "txt"]

    /// Reads the rows of a file.
    ///
    /// - Parameter limit: rows to read at most; the rest of the file is not looked at.
    /// - Throws: `DataError` that names file, line, row and remedy.
    public static func read(path: String, limit: Int? = nil) throws(DataError) -> [Record] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw DataError("the file cannot be read: \(error.localizedDescription)", file: path)
        }
        return try parse(data, path: path, limit: limit)
    }

    /// Reads the rows of a file's bytes; `path` is only used in messages.
    public static func parse(_ data: Data, path: String, limit: Int? = nil) throws(DataError) -> [Record] {
        try refuseForeignFiles(data, path: path)
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "csv": return try TableFile.parse(data, path: path, limit: limit)
        case "txt": return try TextFile.parse(data, path: path, limit: limit)
        default: break
        }
        // A typed error does not travel through `withUnsafeBytes`.
        let result = data.withUnsafeBytes { raw -> Result<[Record], DataError> in
            var reader = Reader(bytes: raw.bindMemory(to: UInt8.self), path: path, limit: limit ?? .max)
            do throws(DataError) { return .success(try reader.read()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

private struct Reader {
    let bytes: UnsafeBufferPointer<UInt8>
    let path: String
    let limit: Int
    var records: [Record] = []

    init(bytes: UnsafeBufferPointer<UInt8>, path: String, limit: Int) {
        self.bytes = bytes
        self.path = path
        self.limit = limit
    }

    mutating func read() throws(DataError) -> [Record] {
        if bytes.isEmpty { throw DataError("the file is empty; it should hold a list of rows: [{…}, {…}]", file: path) }
        var scanner = JSONScanner(bytes, from: starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, dialect: .strict)
        do {
            switch scanner.peek() {
            case nil: throw DataError("the file is empty; it should hold a list of rows: [{…}, {…}]", file: path)
            case UInt8(ascii: "["): try readList(&scanner)
            case UInt8(ascii: "{"): try readLines(&scanner)
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
        return records
    }

    private mutating func readList(_ scanner: inout JSONScanner) throws {
        scanner.offset += 1
        if scanner.peek() == UInt8(ascii: "]") {
            throw DataError("the list has no rows", file: path)
        }
        repeat {
            scanner.skipSpace()
            if records.count >= limit { return }
            let start = scanner.offset
            try append(try scanner.readValue(), at: start, scanner)
        } while try hasMore(&scanner)
        if scanner.peek() != nil {
            throw scanner.failure(.content("there is more after the closing ] of the list: remove it"))
        }
    }

    private func hasMore(_ scanner: inout JSONScanner) throws(DataError) -> Bool {
        do throws(JSONError) { return try scanner.more(until: UInt8(ascii: "]")) } catch {
            throw self.error(error, list: "list of rows")
        }
    }

    private mutating func readLines(_ scanner: inout JSONScanner) throws {
        let first = scanner.offset
        while scanner.peek() != nil, records.count < limit {
            let start = scanner.offset
            let value = try scanner.readValue()
            if scanner.peek() == UInt8(ascii: ",") {
                throw scanner.failure(
                    .content(
                        "one row a line has no commas between the rows: remove it, or put [ ] around all rows"))
            }
            try append(value, at: start, scanner)
            if let byte = scanner.peek(), byte != UInt8(ascii: "{"), byte != UInt8(ascii: "[") {
                throw scanner.failure(.content("each line should hold one row {…} and nothing else"))
            }
        }
        let isOverLines = bytes[first..<min(scanner.offset, bytes.count)].contains(0x0A)
        if records.count == 1, path.lowercased().hasSuffix(".json"), isOverLines, scanner.peek() == nil,
            let members = records.first?.members,
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

    private mutating func append(_ value: JSONValue, at offset: Int, _ scanner: JSONScanner) throws(DataError) {
        guard let members = value.members else {
            let message = "a row should be an object {…}; this one is \(value.kind)"
            throw error(scanner.failure(.content(message), from: offset))
        }
        records.append(Record(members: members, row: records.count + 1, file: path))
    }

    private func starts(with prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }

    /// An error with its line and row.
    private func error(_ mistake: JSONError, list: String = "list") -> DataError {
        DataError(
            "\(mistake.remedy(list: list)) (column \(mistake.column))", file: path, line: mistake.line,
            row: records.count + 1)
    }
}
