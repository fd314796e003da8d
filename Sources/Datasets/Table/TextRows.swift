import JSON

/// Goes through plain text as Hugging Face's `datasets` does: each line is a row with the one column `text`, empty lines too.
///
/// \n, \r\n and \r end a line; a byte order mark stays.
struct TextRows: RowScanner {
    /// The name of the column.
    static let column = "text"

    private let path: String
    private let bytes: UnsafeBufferPointer<UInt8>
    private let maxRowBytes: Int
    private var offset = 0
    private var count = 0

    /// - Parameter file: outlives the scanner.
    init(_ file: MappedFile, maxRowBytes: Int) {
        path = file.path
        bytes = file.bytes
        self.maxRowBytes = maxRowBytes
    }

    func reader(of row: Int) -> RowReader { .text }

    /// The column of a row.
    static func members(_ bytes: [UInt8]) -> [JSONMember] {
        let end = bytes.lastIndex { $0 != 0x0A && $0 != 0x0D }.map { $0 + 1 } ?? 0
        return [JSONMember(column, .string(String(decoding: bytes[..<end], as: UTF8.self)))]
    }

    mutating func next(_ columns: inout Set<String>) throws(DataError) -> Range<Int>? {
        guard offset < bytes.count else {
            if count == 0 { throw DataError("the file is empty; each line should be a row", file: path) }
            return nil
        }
        let start = offset
        while offset < bytes.count, offset - start <= maxRowBytes, bytes[offset] != 0x0A, bytes[offset] != 0x0D {
            offset += 1
        }
        guard offset - start <= maxRowBytes else {
            throw DataError(RecordFile.tooLong(maxRowBytes), file: path, line: count + 1)
        }
        guard String(validating: bytes[start..<offset], as: UTF8.self) != nil else {
            throw DataError("the text is not UTF-8: save the file as UTF-8", file: path, line: count + 1)
        }
        if offset < bytes.count {
            let isPair = bytes[offset] == 0x0D && offset + 1 < bytes.count && bytes[offset + 1] == 0x0A
            offset += isPair ? 2 : 1
        }
        if count == 0 { columns.insert(Self.column) }
        count += 1
        return start..<offset
    }
}
