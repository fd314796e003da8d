import Foundation
import Prompting
import Reporting

extension DatasetStatistics {
    /// The statistics for a terminal, at most 80 columns wide (but for long words such as paths).
    public var lines: [String] {
        ["data set '\(name)' (\(use))"]
            + findings.flatMap { finding in
                switch finding {
                case .sentence(let text, let isDetail): TextWrap.lines(text, indent: isDetail ? 4 : 2)
                case .chart(let lines): lines
                }
            }
    }

    /// One thing that was found.
    enum Finding {
        /// A sentence, or one that belongs to the sentence before.
        case sentence(String, isDetail: Bool = false)
        /// What a page draws: its lines for a terminal.
        case chart([String])
    }

    /// All that was found, in the order in which it is told.
    var findings: [Finding] {
        var findings: [Finding] = []
        func add(_ text: String, isDetail: Bool = false) { findings.append(.sentence(text, isDetail: isDetail)) }
        if let failure {
            for (number, line) in "cannot be used: \(failure)".split(separator: "\n").enumerated() {
                add(line.trimmingCharacters(in: .whitespaces), isDetail: number > 0)
            }
            return findings
        }
        for line in report.description.split(separator: "\n") {
            add(line.drop { $0 == " " }.description, isDetail: line.hasPrefix(" "))
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
        if placeholders.count > 0 {
            add(
                "{{name}} or {{author}} is learned as it stands: \(Self.rows(placeholders)); anneal data identity fills them in"
            )
        }
        findings += histogram(tokenCounts, title: "tokens")
        findings += histogram(mediaTokenCounts, title: "image and video tokens")
        findings += answerFindings
        if numThoughts > 0 {
            let share = Self.percent(emptyThoughts.count, numThoughts)
            let hint = emptyThoughts.count > 0 ? ": \(Self.rows(emptyThoughts)) teach the model not to think" : ""
            add("empty thoughts: \(emptyThoughts.count) of \(numThoughts) (\(share))\(hint)")
        }
        if duplicates.count > 0 {
            add("exact duplicates of earlier rows: \(Self.rows(duplicates)); remove them or they weigh double")
        }
        return findings
    }

    private func histogram(_ counts: [Int], title: String) -> [Finding] {
        guard let most = counts.max(), let least = counts.min() else { return [] }
        let median = counts.sorted()[counts.count / 2]
        let sum = counts.reduce(0, +)
        return [
            .sentence(
                "\(title): \(sum) in \(DataReport.rows(counts.count)), least \(least), median \(median), most \(most)"),
            .chart(TextHistogram(counts).lines(indent: 4)),
        ]
    }

    /// All answers, the most frequent first, where they are few enough to be labels; else none.
    var frequentAnswers: [(label: String, count: Int)] {
        let numRows = answers.values.reduce(0, +)
        guard answers.count <= 20, answers.count * 2 <= numRows else { return [] }
        return answers.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    private var answerFindings: [Finding] {
        let numRows = answers.values.reduce(0, +)
        let sorted = frequentAnswers
        guard !sorted.isEmpty else { return [] }
        var lines: [String] = []
        for (answer, count) in sorted.prefix(5) {
            let line = answer.isEmpty ? "(empty)" : answer.replacing("\n", with: "\\n")
            lines.append("    \(Self.percent(count, numRows)) \(count) \(DisplayWidth.clip(line, to: 48))")
        }
        if sorted.count > 5 { lines.append("    and \(sorted.count - 5) more") }
        var findings: [Finding] = [
            .sentence(
                "answers: \(answers.count) different \(answers.count == 1 ? "one" : "ones") in \(DataReport.rows(numRows))"
            ), .chart(lines),
        ]
        if let top = sorted.first, answers.count > 1, top.count * 2 > numRows {
            let share = Self.percent(top.count, numRows)
            findings.append(
                .sentence(
                    """
                    imbalanced: a model that always gives the first answer is right in \(share) of the rows; add rows of \
                    the others or draw fewer of it
                    """, isDetail: true))
        }
        return findings
    }

    /// "3 rows (2, 5, 9)", with the files where they are several or wanted.
    static func rows(_ rows: CountedRows, namesFile: Bool = false) -> String {
        "\(DataReport.rows(rows.count)) (\(rows.places(namesFile: namesFile)))"
    }

    static func percent(_ count: Int, _ total: Int) -> String {
        total == 0 ? "0 %" : String(format: "%.1f %%", 100 * Double(count) / Double(total))
    }
}
