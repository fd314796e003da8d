/// Splits the bytes of a CSV or TSV file into cells as pandas' C tokenizer does with Hugging Face's settings.
///
/// A quote only counts at the beginning of a cell, two quotes within are one; \n, \r\n and \r end a row outside quotes; rows
/// that are empty or hold only spaces are no rows. Source: pandas/_libs/src/parser/tokenizer.c (2.3).
struct TableTokenizer {
    /// A row of cells.
    struct Line {
        /// The texts of the cells as bytes, quotes removed.
        var cells: [String]
        /// The line of the file on which the row begins, from 1.
        var number: Int
        /// Where the row is.
        var range: Range<Int>
    }

    /// What stands between the cells of a row.
    enum Separator: UInt8, CustomStringConvertible {
        case comma = 0x2C
        case tab = 0x09

        var description: String { self == .comma ? "commas" : "tabs" }
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    let separator: Separator
    private let maxCellBytes: Int
    private let path: String
    private var offset: Int
    private var line = 1

    private static let quote = UInt8(ascii: "\"")
    private static let newline = UInt8(ascii: "\n")
    private static let carriage = UInt8(ascii: "\r")

    /// - Parameter isWhole: the bytes begin a file, where a byte order mark may stand.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>, path: String, separator: Separator, maxCellBytes: Int, isWhole: Bool = true
    ) {
        self.maxCellBytes = maxCellBytes
        self.separator = separator
        self.bytes = bytes
        self.path = path
        offset = isWhole && bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// The next row; nil at the end.
    mutating func next() throws(DataError) -> Line? {
        skipBlankLines()
        guard offset < bytes.count else { return nil }
        let first = line, start = offset
        var cells: [String] = []
        var cell: [UInt8] = []
        while true {
            cell.removeAll(keepingCapacity: true)
            if offset < bytes.count, bytes[offset] == Self.quote { try readQuoted(&cell, first: first) }
            while offset < bytes.count, cell.count <= maxCellBytes, !isEnd(bytes[offset]) {
                cell.append(bytes[offset])
                offset += 1
            }
            guard cell.count <= maxCellBytes else {
                throw DataError(RecordFile.tooLong(maxCellBytes), file: path, line: line)
            }
            guard let text = String(validating: cell, as: UTF8.self) else {
                throw DataError("the text is not UTF-8: save the file as UTF-8", file: path, line: line)
            }
            cells.append(text)
            guard offset < bytes.count else { break }
            let end = bytes[offset]
            offset += 1
            if end == separator.rawValue { continue }
            if end == Self.carriage, offset < bytes.count, bytes[offset] == Self.newline { offset += 1 }
            line += 1
            break
        }
        return Line(cells: cells, number: first, range: start..<offset)
    }

    private func isEnd(_ byte: UInt8) -> Bool {
        byte == separator.rawValue || byte == Self.newline || byte == Self.carriage
    }

    private mutating func readQuoted(_ cell: inout [UInt8], first: Int) throws(DataError) {
        let start = line
        offset += 1
        while offset < bytes.count, cell.count <= maxCellBytes {
            let byte = bytes[offset]
            offset += 1
            if byte == Self.quote {
                guard offset < bytes.count, bytes[offset] == Self.quote else { return }
                offset += 1
            } else if byte == Self.newline {
                line += 1
            }
            cell.append(byte)
        }
        if cell.count > maxCellBytes { return }
        throw DataError(
            "the quoted text that starts here has no closing quote: write \"\" for a quote within text, and close it",
            file: path, line: start)
    }

    private mutating func skipBlankLines() {
        while offset < bytes.count {
            var end = offset
            while end < bytes.count, bytes[end] != separator.rawValue, bytes[end] == 0x20 || bytes[end] == 0x09 {
                end += 1
            }
            guard end < bytes.count, bytes[end] == Self.newline || bytes[end] == Self.carriage else {
                if end == bytes.count { offset = end }
                return
            }
            let isPair = bytes[end] == Self.carriage && end + 1 < bytes.count && bytes[end + 1] == Self.newline
            offset = end + (isPair ? 2 : 1)
            line += 1
        }
    }
}
