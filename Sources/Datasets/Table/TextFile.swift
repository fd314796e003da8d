import Foundation
import JSON

/// Reads plain text as Hugging Face's `datasets` does: each line is a row with the one column `text`, empty lines too.
enum TextFile {
    /// The name of the column.
    static let column = "text"

    /// Reads the lines of a file's bytes; `path` is only used in messages. \n, \r\n and \r end a line; a byte order mark stays.
    static func parse(
        _ data: Data, path: String, limit: Int? = nil, maxRowBytes: Int = RecordFile.maxRowBytes
    ) throws(DataError) -> [Record] {
        var records: [Record] = []
        let limit = limit ?? .max
        var start = data.startIndex
        while start < data.endIndex, records.count < limit {
            let end = data[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? data.endIndex
            guard end - start <= maxRowBytes else {
                throw DataError(RecordFile.tooLong(maxRowBytes), file: path, line: records.count + 1)
            }
            guard let text = String(validating: data[start..<end], as: UTF8.self) else {
                throw DataError("the text is not UTF-8: save the file as UTF-8", file: path, line: records.count + 1)
            }
            records.append(Record(members: [JSONMember(column, .string(text))], row: records.count + 1, file: path))
            guard end < data.endIndex else { break }
            let isPair = data[end] == 0x0D && end + 1 < data.endIndex && data[end + 1] == 0x0A
            start = end + (isPair ? 2 : 1)
        }
        if records.isEmpty, limit > 0 { throw DataError("the file is empty; each line should be a row", file: path) }
        return records
    }
}
