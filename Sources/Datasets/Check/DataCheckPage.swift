/// The findings of a check as one page of HTML without anything beside it.
public struct DataCheckPage: Sendable {
    private let settings: String
    private let datasets: [DatasetStatistics]
    private let leakage: DataLeakage?
    private let refusals: [String]

    /// A page of these findings.
    ///
    /// - Parameters:
    ///   - settings: what of the run the findings depend on, in a line.
    ///   - refusals: why training would not start.
    public init(settings: String, datasets: [DatasetStatistics], leakage: DataLeakage?, refusals: [String] = []) {
        self.settings = settings
        self.datasets = datasets
        self.leakage = leakage
        self.refusals = refusals
    }

    /// Writes the page.
    public func write(to path: String) throws(DataError) { try page.write(to: path) }

    /// The page's text.
    public var html: String { page.html }

    private var page: HTMLPage {
        let refused = refusals.map { "<section class=\"refused\"><pre>\(HTMLPage.escaped($0))</pre></section>" }
        let sections = datasets.map(section) + (leakage.map { [section($0)] } ?? [])
        let about = "<p>\(HTMLPage.escaped(settings))</p>"
        return HTMLPage(title: "Data check", sections: [about] + refused + [summary] + sections)
    }

    /// A row for each data set.
    private var summary: String {
        let names = ["data set", "use", "read", "kept", "truncated", "dropped", "tokens"]
        let head = names.enumerated().map { "<th\($0 > 1 ? " class=\"n\"" : "")>\($1)</th>" }.joined()
        let rows = datasets.map { data in
            let report = data.report
            let numbers = [
                report.numRead, report.numKept, report.numTruncated, report.numDropped, data.tokenCounts.reduce(0, +),
            ]
            return "<tr><td>\(HTMLPage.escaped(data.name))</td><td>\(HTMLPage.escaped(data.use))</td>"
                + numbers.map { "<td class=\"n\">\($0)</td>" }.joined() + "</tr>"
        }
        return "<div class=\"sum\"><table>\n<tr>\(head)</tr>\n\(rows.joined(separator: "\n"))\n</table></div>"
    }

    private func section(_ data: DatasetStatistics) -> String {
        var parts = ["<section\(data.isLossy ? " class=\"lossy\"" : "")>"]
        parts.append("<h2>\(HTMLPage.escaped(data.name)) (\(HTMLPage.escaped(data.use)))</h2>")
        let items = data.findings.compactMap { finding in
            if case .sentence(let text, let isDetail) = finding { Self.item(text, isDetail: isDetail) } else { nil }
        }
        parts.append("<ul>\n\(items.joined(separator: "\n"))\n</ul>")
        for (title, counts) in [("Tokens", data.tokenCounts), ("Image and video tokens", data.mediaTokenCounts)]
        where !counts.isEmpty {
            let bars = TextHistogram(counts).bars
            parts.append("<h3>\(title)</h3>\(Self.table(bars))")
        }
        let answers = data.frequentAnswers
        if !answers.isEmpty { parts.append("<h3>Answers</h3>\(Self.table(answers))") }
        if !data.previews.isEmpty {
            parts.append("<details><summary>Samples as the model sees them; trained tokens are marked</summary>")
            parts += data.previews.map(\.html) + ["</details>"]
        }
        return (parts + ["</section>"]).joined(separator: "\n")
    }

    private func section(_ leakage: DataLeakage) -> String {
        let items = leakage.findings.map { Self.item($0) }.joined(separator: "\n")
        return "<section><h2>Leakage from train to eval</h2><ul>\n\(items)\n</ul></section>"
    }

    private static func item(_ text: String, isDetail: Bool = false) -> String {
        "<li\(isDetail ? " class=\"detail\"" : "")>\(HTMLPage.escaped(text))</li>"
    }

    private static func table(_ bars: [(label: String, count: Int)]) -> String {
        let most = max(1, bars.map(\.count).max() ?? 1)
        let rows = bars.map { label, count in
            // Tenths of a percent.
            let width = Double((1000 * count + most / 2) / most) / 10
            let bar = count == 0 ? "" : "<div style=\"width:\(width)%\"></div>"
            return
                "<tr><td class=\"l\">\(HTMLPage.escaped(label))</td><td class=\"b\">\(bar)</td><td>\(count)</td></tr>"
        }
        return "<table>\n\(rows.joined(separator: "\n"))\n</table>"
    }
}
