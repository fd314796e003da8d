import Reporting

/// A table for the terminal: the first column to the left, the others to the right, widths by display columns.
struct TextTable {
    var rows: [[String]]

    init(_ rows: [[String]]) { self.rows = rows }

    /// Columns of the terminal that the table takes.
    var width: Int { widths.reduce(0, +) + 2 * max(0, widths.count - 1) }

    /// The lines; a first column that would make the table wider than `limit` is cut.
    func lines(limit: Int = 80) -> [String] {
        var widths = self.widths
        guard let first = widths.first else { return [] }
        widths[0] = min(first, max(8, limit - (width - first)))
        return rows.map { row in
            row.enumerated().map { column, cell in
                let text = column == 0 ? DisplayWidth.clip(cell, to: widths[0]) : cell
                let room = String(repeating: " ", count: max(0, widths[column] - DisplayWidth.of(text)))
                return column == 0 ? text + room : room + text
            }.joined(separator: "  ").trimmingSpacesAtEnd
        }
    }

    /// A text broken at blanks into lines of at most 80 columns, all but the first indented.
    static func wrapped(_ text: String, indent: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !line.isEmpty, DisplayWidth.of(line) + 1 + DisplayWidth.of(String(word)) > 80 {
                lines.append(line)
                line = String(repeating: " ", count: indent) + word
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
        }
        return lines + [line]
    }

    private var widths: [Int] {
        (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { $0.indices.contains(column) ? DisplayWidth.of($0[column]) : 0 }.max() ?? 0
        }
    }
}

extension String {
    var trimmingSpacesAtEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
