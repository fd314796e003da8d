import Basics
public import Datasets
import Foundation
public import JSON
import Reporting

/// Writes rows to a data file; the ending says how: .json (a list, one row after another), .jsonl (a row a line), .csv.
public enum RowFile {
    /// The endings that can be written.
    public static let endings = ["json", "jsonl", "csv"]

    /// Writes rows in one step: a reader sees the old file or the whole new one.
    ///
    /// - Parameter rows: the columns of each row, in order.
    public static func write(_ rows: [[JSONMember]], to path: String) throws(DataError) {
        let text: String
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "json":
            text = JSONValue.array(rows.map(JSONValue.object)).text(indent: 2) + "\n"
        case "jsonl":
            text = rows.map { JSONValue.object($0).text() + "\n" }.joined()
        case "csv":
            text = try CSVText.text(rows, path: path)
        default:
            throw DataError("the output should end in .json, .jsonl or .csv", file: path)
        }
        do { try AtomicFile.write(text, to: path) } catch { throw DataError("\(error)") }
    }
}
