import Datasets
import Foundation
import JSON

/// Rows as the text of a .csv file.
enum CSVText {
    /// The header and a line for each row; columns in the order in which they come up.
    ///
    /// - Throws: for rows that a reader would take for something else, such as the text 007 or NA.
    static func text(_ rows: [[JSONMember]], path: String) throws(DataError) -> String {
        var columns: [String] = []
        var known: Set<String> = []
        for row in rows {
            for member in row where known.insert(member.key).inserted { columns.append(member.key) }
        }
        let cells = rows.map { row in columns.map { column in cell(row.last { $0.key == column }?.value) } }
        let text = ([columns] + cells).map { $0.map(quoted).joined(separator: ",") + "\n" }.joined()
        try check(Data(text.utf8), cells, columns, path)
        return text
    }

    private static func cell(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: ""
        case .array?, .object?: value?.text() ?? ""
        default: value?.pythonText ?? ""
        }
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return cell }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }

    /// CSV knows no types: what is written must be read back as it was.
    private static func check(_ bytes: Data, _ cells: [[String]], _ columns: [String], _ path: String) throws(DataError)
    {
        let read = try RecordFile.parse(bytes, path: path)
        for (number, row) in cells.enumerated() {
            for (column, cell) in zip(columns, row) {
                let value = number < read.count ? read[number][column] : nil
                let back = value.map { $0.isNull ? "" : $0.pythonText } ?? ""
                guard back != cell else { continue }
                throw DataError(
                    """
                    the column '\(column)' holds the text '\(cell.prefix(40))', which a .csv file gives back as '\(back.prefix(40))': \
                    write .jsonl instead
                    """, file: path, row: number + 1)
            }
        }
    }
}
