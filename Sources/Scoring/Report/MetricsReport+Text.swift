import Foundation
import Reporting

extension MetricsReport {
    /// The report for a terminal of 80 columns.
    public var lines: [String] {
        guard numLines > 0 else { return ["no predictions to compare"] }
        var lines: [String] = []
        if let classScores {
            lines += classScores.matrixLines + [""] + classScores.scoreLines + [""]
        }
        lines += summary
        if let curve { lines += [""] + curve.lines(targetRecall: options.targetRecall) }
        lines += findingLines
        return lines
    }

    /// One line a figure.
    private var summary: [String] {
        var lines = [
            "accuracy \(Figures.percent(accuracy)) (\(numRight) of \(numLines))"
                + (exactMatch == accuracy ? "" : "; to the letter \(Figures.percent(exactMatch))")
        ]
        if let tokenAccuracy { lines.append("token accuracy \(Figures.percent(tokenAccuracy))") }
        lines.append(
            similarity.values.map { "\($0.name) \($0.value.isNaN ? "-" : Figures.decimal($0.value))" }
                .joined(separator: "  "))
        if similarity.countsCharacters {
            lines += TextTable.wrapped(
                "[note] rouge-char counts Chinese characters where LLaMA-Factory counts jieba's words; its figures differ",
                indent: 7)
        }
        let numThoughts = rows.count { $0.prediction.hasThought }
        if numThoughts > 0 {
            lines.append(
                "[note] \(numThoughts) answers were compared without their thought (--keep-thinking counts it)")
        }
        return lines
    }

    /// What explains the figures, with example rows.
    var findingLines: [String] {
        findings.flatMap { finding in
            TextTable.wrapped("[look] \(finding.text)", indent: 7) + finding.rows.map { "       \(example($0 - 1))" }
        }
    }

    /// A row on one line.
    func example(_ index: Int) -> String {
        func short(_ text: String, _ width: Int) -> String {
            "\"" + DisplayWidth.clip(text.replacingOccurrences(of: "\n", with: "\\n"), to: width) + "\""
        }
        let row = rows[index]
        return "row \(index + 1): label \(short(row.label, 20)), answer \(short(row.line.predict, 30))"
    }
}
