import Foundation

/// The findings of a check as one page of HTML without anything beside it.
public struct DataCheckPage: Sendable {
    private let datasets: [DatasetStatistics]
    private let leakage: DataLeakage?

    /// A page of these findings.
    public init(datasets: [DatasetStatistics], leakage: DataLeakage?) {
        self.datasets = datasets
        self.leakage = leakage
    }

    /// Writes the page.
    public func write(to path: String) throws(DataError) {
        do { try Data(html.utf8).write(to: URL(fileURLWithPath: path)) } catch {
            throw DataError("the page cannot be written: \(error.localizedDescription)", file: path)
        }
    }

    /// The page's text.
    public var html: String {
        let sections = datasets.map(section) + (leakage.map { [notes($0.lines)] } ?? [])
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Data check</title>
            <style>
            body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222; }
            table { border-collapse: collapse; width: 100%; margin: .5em 0 1.5em; }
            td { padding: 1px 8px 1px 0; vertical-align: top; } td.n { text-align: right; white-space: nowrap; }
            td.b { width: 70%; } td.b div { background: #4c78a8; height: 14px; min-width: 1px; }
            .lossy h2 { color: #b00020; } pre { white-space: pre-wrap; background: #f4f4f4; padding: .7em; }
            </style></head><body>
            <h1>Data check</h1>
            \(sections.joined(separator: "\n"))
            </body></html>

            """
    }

    private func section(_ data: DatasetStatistics) -> String {
        var parts = ["<section\(data.isLossy ? " class=\"lossy\"" : "")>"]
        parts.append("<h2>\(Self.escaped(data.name)) (\(Self.escaped(data.use)))</h2>")
        parts.append("<pre>\(Self.escaped(data.findings.joined(separator: "\n")))</pre>")
        for (title, counts) in [("Tokens", data.tokenCounts), ("Image and video tokens", data.mediaTokenCounts)]
        where !counts.isEmpty {
            let bars = TextHistogram(counts).bars
            parts.append("<h3>\(title)</h3>\(Self.table(bars))")
        }
        let answers = data.frequentAnswers
        if !answers.isEmpty { parts.append("<h3>Answers</h3>\(Self.table(answers))") }
        return (parts + ["</section>"]).joined(separator: "\n")
    }

    private func notes(_ lines: [String]) -> String {
        "<section><h2>Leakage</h2><pre>\(Self.escaped(lines.joined(separator: "\n")))</pre></section>"
    }

    private static func table(_ bars: [(label: String, count: Int)]) -> String {
        let most = max(1, bars.map(\.count).max() ?? 1)
        let rows = bars.map { label, count in
            let width = String(format: "%.1f", 100 * Double(count) / Double(most))
            let bar = count == 0 ? "" : "<div style=\"width:\(width)%\"></div>"
            return "<tr><td class=\"n\">\(escaped(label))</td><td class=\"b\">\(bar)</td><td>\(count)</td></tr>"
        }
        return "<table>\n\(rows.joined(separator: "\n"))\n</table>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
