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
        try records(of: try RecordIndex(path: path), limit: limit)
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
        try records(of: try RecordIndex(MappedFile(data, path: path), maxRowBytes: maxRowBytes), limit: limit)
    }

    private static func records(of index: RecordIndex, limit: Int?) throws(DataError) -> [Record] {
        try index.extend(to: limit ?? .max)
        return (0..<index.count).map(index.record)
    }
}
