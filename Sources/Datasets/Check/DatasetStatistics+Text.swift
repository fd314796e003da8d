import Foundation
import Prompting
import Reporting

extension DatasetStatistics {
    /// The statistics for a terminal, at most 80 columns wide (but for long words such as paths).
    public var lines: [String] { text(withCharts: true) }

    /// The statistics without what a page shows as charts.
    var findings: [String] { Array(text(withCharts: false).dropFirst()) }

    private func text(withCharts: Bool) -> [String] {
        var lines = ["data set '\(name)' (\(use))"]
        func add(_ text: String, indent: Int = 2) { lines += Self.wrapped(text, indent: indent) }
        if let failure {
            for (number, line) in "cannot be used: \(failure)".split(separator: "\n").enumerated() {
                add(line.trimmingCharacters(in: .whitespaces), indent: number == 0 ? 2 : 4)
            }
            return lines
        }
        for line in report.description.split(separator: "\n") {
            add(line.drop { $0 == " " }.description, indent: line.hasPrefix(" ") ? 4 : 2)
        }
        if report.dropped.contains(where: \.reason.isMistake) {
            add("training refuses to start until the rows above are mended")
        }
        let truncated = report.truncated
        if truncated.count > 0 {
            let share = Self.percent(truncated.count, report.numRead)
            add("truncated to cutoff_len: \(Self.rows(truncated)), \(share); raise cutoff_len to keep all of them")
        }
        for (truncation, what) in DataLimits.templateCuts where report.rows(cutAt: truncation).count > 0 {
            add("\(what): \(Self.rows(report.rows(cutAt: truncation))); \(DataLimits.cutRemedy)")
        }
        notes.forEach { add($0) }
        if withoutLabels.count > 0 {
            add("labels vanish: \(Self.rows(withoutLabels)); fill the answer or raise cutoff_len")
        }
        if emptyAnswers.count > 0 {
            add("empty answers: \(Self.rows(emptyAnswers)) teach the model to say nothing; fill or remove them")
        }
        if equalPairs.count > 0 {
            add("pairs of equal answers: \(Self.rows(equalPairs)) teach nothing; remove them")
        }
        if !verdicts.isEmpty {
            let good = verdicts[true, default: 0], bad = verdicts[false, default: 0]
            let hint = good == 0 || bad == 0 ? "; without both kinds there is nothing to compare: add the other" : ""
            add("verdicts: \(good) good (\(Self.percent(good, good + bad))), \(bad) bad\(hint)")
        }
        if tooLarge.count > 0, let maxTokens {
            add(
                """
                larger than memory: \(Self.rows(tooLarge)) with more than \(maxTokens) tokens do not fit this machine; lower \
                cutoff_len (or image_max_pixels), or train fewer weights
                """)
        }
        if controlTokens.count > 0 {
            add(
                """
                control tokens typed in the text: \(Self.rows(controlTokens)); they act as control tokens: remove them, or set \
                split_special_tokens: true
                """)
        }
        lines += histogram(tokenCounts, title: "tokens", hasBars: withCharts)
        lines += histogram(mediaTokenCounts, title: "image and video tokens", hasBars: withCharts)
        lines += answerLines
        if numThoughts > 0 {
            let share = Self.percent(emptyThoughts.count, numThoughts)
            let hint = emptyThoughts.count > 0 ? ": \(Self.rows(emptyThoughts)) teach the model not to think" : ""
            add("empty thoughts: \(emptyThoughts.count) of \(numThoughts) (\(share))\(hint)")
        }
        if duplicates.count > 0 {
            add("exact duplicates of earlier rows: \(Self.rows(duplicates)); remove them or they weigh double")
        }
        return lines
    }

    private func histogram(_ counts: [Int], title: String, hasBars: Bool) -> [String] {
        guard let most = counts.max(), let least = counts.min() else { return [] }
        let median = counts.sorted()[counts.count / 2]
        let sum = counts.reduce(0, +)
        let head = Self.wrapped(
            "\(title): \(sum) in \(counts.count) rows, least \(least), median \(median), most \(most)", indent: 2)
        return hasBars ? head + TextHistogram(counts).lines(indent: 4) : head
    }

    /// All answers, the most frequent first, where they are few enough to be labels; else none.
    var frequentAnswers: [(label: String, count: Int)] {
        let numRows = answers.values.reduce(0, +)
        guard answers.count <= 20, answers.count * 2 <= numRows else { return [] }
        return answers.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    private var answerLines: [String] {
        let numRows = answers.values.reduce(0, +)
        let sorted = frequentAnswers
        guard !sorted.isEmpty else { return [] }
        var lines = ["  answers: \(answers.count) different ones in \(numRows) rows"]
        for (answer, count) in sorted.prefix(5) {
            let line = answer.isEmpty ? "(empty)" : answer.replacing("\n", with: "\\n")
            lines.append("    \(Self.percent(count, numRows)) \(count) \(DisplayWidth.clip(line, to: 48))")
        }
        if sorted.count > 5 { lines.append("    and \(sorted.count - 5) more") }
        if let top = sorted.first, answers.count > 1, top.count * 2 > numRows {
            lines += Self.wrapped(
                """
                imbalanced: a model that always gives the first answer is right in \
                \(Self.percent(top.count, numRows)) of the rows; add rows of the others or draw fewer of it
                """, indent: 4)
        }
        return lines
    }

    /// "3 rows (2, 5, 9)", with the files where they are several or wanted.
    static func rows(_ rows: CountedRows, namesFile: Bool = false) -> String {
        let files = Set(rows.first.map(\.file))
        let places = rows.first.map { files.count > 1 || namesFile ? "\($0.file) row \($0.row)" : "\($0.row)" }
        let more = rows.count > places.count ? ", …" : ""
        return "\(rows.count) row\(rows.count == 1 ? "" : "s") (\(places.joined(separator: ", "))\(more))"
    }

    static func percent(_ count: Int, _ total: Int) -> String {
        total == 0 ? "0 %" : String(format: "%.1f %%", 100 * Double(count) / Double(total))
    }

    /// Text broken at spaces, further lines indented by two more.
    static func wrapped(_ text: String, indent: Int) -> [String] {
        var lines: [String] = []
        var line = String(repeating: " ", count: indent)
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, DisplayWidth.of(line) + 1 + DisplayWidth.of(String(word)) > TextHistogram.width {
                lines.append(line)
                line = String(repeating: " ", count: indent + 2)
                isEmpty = true
            }
            line += isEmpty ? word : " " + word
            isEmpty = false
        }
        return lines + [line]
    }
}
