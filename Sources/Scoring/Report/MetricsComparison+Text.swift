import Foundation
public import JSON
import Reporting

extension MetricsComparison {
    /// The comparison for a terminal; as many files beside each other as 80 columns hold.
    ///
    /// - Parameter numExamples: rows that are shown of each kind of change.
    public func lines(numExamples: Int = 3) -> [String] {
        var lines: [String] = []
        let perTable = 5
        for start in stride(from: 0, to: reports.count, by: perTable) {
            lines += table(Array(start..<min(start + perTable, reports.count))) + [""]
        }
        for (index, change) in changes.enumerated() { lines += describe(change, index + 1, numExamples) }
        for (name, report) in zip(names, reports) where !report.findings.isEmpty {
            lines += ["", "\(name):"] + report.findingLines
        }
        return lines
    }

    private func table(_ indices: [Int]) -> [String] {
        let width = max(9, (80 - 22) / indices.count - 2)
        var rows = [[""] + indices.map { Self.clippedAtStart(names[$0], to: width) }]
        func add(_ name: String, _ value: (MetricsReport) -> String) {
            rows.append([name] + indices.map { value(reports[$0]) })
        }
        add("rows") { String($0.numLines) }
        add("accuracy") { Figures.percent($0.accuracy) }
        add("to the letter") { Figures.percent($0.exactMatch) }
        if reports.contains(where: { $0.classScores != nil }) {
            add("macro F1") { Figures.percent($0.classScores?.macro.f1 ?? .nan) }
            var classes: [String] = []
            for report in reports {
                classes += report.classScores?.matrix.classes.filter { !classes.contains($0) } ?? []
            }
            for name in classes {
                func score(_ value: @escaping (ClassScores.Row) -> Double) -> (MetricsReport) -> String {
                    { Figures.percent($0.classScores?.classes.first { $0.name == name }.map(value) ?? .nan) }
                }
                add("\(name) precision", score(\.precision))
                add("\(name) recall", score(\.recall))
                add("\(name) F1", score(\.f1))
            }
        }
        if reports.contains(where: { $0.curve != nil }) {
            add("ROC AUC") { Figures.decimal($0.curve?.rocArea ?? .nan) }
        }
        if reports.contains(where: { $0.tokenAccuracy != nil }) {
            add("token accuracy") { Figures.percent($0.tokenAccuracy ?? .nan) }
        }
        let countsCharacters = reports.contains { $0.similarity.countsCharacters }
        for (index, name) in (reports.first?.similarity.values.map(\.name) ?? []).enumerated() {
            let shown =
                countsCharacters
                ? name.replacingOccurrences(of: "rouge-", with: "rouge-char-")
                    .replacingOccurrences(of: "char-char", with: "char") : name
            add(shown) { Figures.decimal($0.similarity.values[index].value) }
        }
        return TextTable(rows).lines()
    }

    private func describe(_ change: Change, _ index: Int, _ numExamples: Int) -> [String] {
        let (name, base) = (names[index], names[0])
        guard change.numCommon > 0 else { return ["\(name) and \(base) have no row in common (prompt and label)"] }
        var lines = [
            "\(name) against \(base): \(change.wins.count) won, \(change.losses.count) lost, "
                + "\(change.numEqual) of \(change.numCommon) answers equal"
                + (change.wins.isEmpty && change.losses.isEmpty
                    ? "" : "; by chance alone with p = \(String(format: "%.2g", change.chance)) (McNemar)")
        ]
        if change.numCommon < max(reports[0].numLines, reports[index].numLines) {
            lines.append("  only \(change.numCommon) rows are in both files")
        }
        for (title, pairs) in [("won", change.wins), ("lost", change.losses)] {
            lines += pairs.prefix(numExamples).map { pair in
                let (before, after) = (reports[0].rows[pair.first], reports[index].rows[pair.other])
                func short(_ text: String) -> String {
                    "\"" + DisplayWidth.clip(text.replacingOccurrences(of: "\n", with: "\\n"), to: 18) + "\""
                }
                return
                    "  \(title), row \(pair.other + 1): label \(short(after.label)): \(short(before.prediction.text)) -> \(short(after.prediction.text))"
            }
        }
        return lines
    }

    /// The end of a name: what tells files apart stands there.
    private static func clippedAtStart(_ text: String, to columns: Int) -> String {
        if DisplayWidth.of(text) <= columns { return text }
        var result = "", used = 1
        for character in text.reversed() {
            used += DisplayWidth.of(String(character))
            if used > columns { break }
            result = String(character) + result
        }
        return "…" + result
    }

    /// All figures of all files, for programs.
    public var json: JSONValue {
        let files = zip(names, reports).map { name, report in
            JSONValue.object([JSONMember("name", .string(name))] + (report.json.members ?? []))
        }
        let changes = zip(names.dropFirst(), changes).map { name, change -> JSONValue in
            [
                "name": .string(name), "against": .string(names[0]), "common": .int(change.numCommon),
                "won": .array(change.wins.map { .int($0.other + 1) }),
                "lost": .array(change.losses.map { .int($0.other + 1) }), "equal": .int(change.numEqual),
                "chance": .double(change.chance),
            ]
        }
        return ["files": .array(files), "changes": .array(changes)]
    }
}
