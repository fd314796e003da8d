import Foundation
import JSON

/// Goes through the rows of a file, one after another, and knows how each is read again.
protocol RowScanner {
    /// Where the next row is; nil at the end of the file.
    ///
    /// - Parameter columns: takes up the row's columns.
    mutating func next(_ columns: inout Set<String>) throws(DataError) -> Range<Int>?

    /// How a row that was found is read from its bytes.
    func reader(of row: Int) -> RowReader
}

/// How the bytes of a row become its columns.
enum RowReader {
    /// An object as the user may write it, or as this program does, which keeps NaN.
    case json(JSONScanner.Dialect)
    /// A line.
    case text
    /// A row of a table.
    case table(TableRows.Shape)

    /// The columns of a row; none when it is no row any more, for the file was changed meanwhile.
    func members(_ bytes: [UInt8]) -> [JSONMember] {
        switch self {
        case .json(let dialect):
            bytes.withUnsafeBufferPointer { buffer in
                var scanner = JSONScanner(buffer, dialect: dialect)
                return (try? scanner.readValue())?.members ?? []
            }
        case .text: TextRows.members(bytes)
        case .table(let shape): shape.members(bytes)
        }
    }

    var isTable: Bool { if case .table = self { true } else { false } }
}

/// Where the rows of a file are, so that each is read when it is its turn: eight bytes a row stay in memory.
///
/// The file is gone through once, as far as rows are asked for. `@unchecked`: what changes is under `lock`.
final class RecordIndex: @unchecked Sendable {
    private let file: MappedFile
    /// The file that the rows are from.
    let path: String
    private let lock = NSLock()
    private var scanner: any RowScanner
    private var isComplete = false
    /// Where each row begins, and the end of the last.
    private var offsets: [Int] = []
    private var end = 0
    private var forgotten = 0
    private var columns: Set<String> = []

    /// Rows that `scanner` finds in `file` and that are from the file at `path`; none is looked for yet.
    init(_ file: MappedFile, _ scanner: any RowScanner, path: String) {
        self.file = file
        self.scanner = scanner
        self.path = path
    }

    /// Opens a file; no row is looked for yet.
    convenience init(path: String) throws(DataError) {
        try RecordFile.refuseOthersThanFiles(path)
        if ArrowFile.endings.contains(URL(fileURLWithPath: path).pathExtension.lowercased()) {
            let rows = try ArrowRows(path: path)
            self.init(rows.file, rows, path: path)
        } else {
            try self.init(try MappedFile(path: path))
        }
    }

    /// The rows of text: JSON, a table or lines, as the ending of its path says.
    convenience init(_ file: MappedFile, maxRowBytes: Int = RecordFile.maxRowBytes) throws(DataError) {
        try RecordFile.refuseForeignFiles(file.bytes, path: file.path)
        let scanner: any RowScanner =
            switch URL(fileURLWithPath: file.path).pathExtension.lowercased() {
            case "csv": TableRows(file, separator: .comma, maxCellBytes: maxRowBytes)
            case "tsv": TableRows(file, separator: .tab, maxCellBytes: maxRowBytes)
            case "txt": TextRows(file, maxRowBytes: maxRowBytes)
            default: JSONRows(file, maxRowBytes: maxRowBytes)
            }
        self.init(file, scanner, path: file.path)
    }

    /// Rows that were found.
    var count: Int { lock.withLock { offsets.count } }

    /// The columns of the rows that were found.
    var keys: Set<String> { lock.withLock { columns } }

    /// Goes on until there are so many rows, or to the end of the file, and checks what it goes through.
    func extend(to count: Int) throws(DataError) {
        lock.lock()
        defer { lock.unlock() }
        while !isComplete, offsets.count < count {
            if let range = try scanner.next(&columns) {
                offsets.append(range.lowerBound)
                end = range.upperBound
            } else {
                isComplete = true
            }
            if isComplete || end - forgotten > 8 << 20 {
                file.forget(forgotten..<end)
                forgotten = end
            }
        }
    }

    /// Reads a row again.
    func record(_ index: Int) -> Record {
        let (range, reader) = lock.withLock {
            (offsets[index]..<(index + 1 < offsets.count ? offsets[index + 1] : end), scanner.reader(of: index))
        }
        return Record(
            members: reader.members(file.copy(range)), row: index + 1, file: path, isTable: reader.isTable)
    }
}
