import Foundation
import JSON
import Reporting
import TestSupport
import Testing

@testable import Scoring

struct ReportTests {
    private let lines =
        Array(repeating: Fixture.line("满足要求\n", "满足要求"), count: 3) + [Fixture.line("满足要求\n", " 不满足要求")]
        + Array(repeating: Fixture.line("不满足要求\n", "不满足要求。"), count: 2) + [Fixture.line("不满足要求\n", "也许")]

    @Test("Chinese classes give a matrix, scores and what explains them, within 80 columns")
    func chinese() throws {
        let report = try MetricsReport(lines)
        #expect(report.numRight == 5)
        #expect(abs(report.exactMatch - 3.0 / 7) < 1e-12)
        #expect(
            report.lines == [
                "truth \\ prediction  满足要求  不满足要求  (other)",
                "满足要求                   3           1        0",
                "不满足要求                 0           2        1", "",
                "class          precision  recall     F1  rows", "满足要求          100.0%   75.0%  85.7%     4",
                "不满足要求         66.7%   66.7%  66.7%     3", "macro mean         83.3%   70.8%  76.2%     7",
                "micro mean         83.3%   71.4%  76.9%     7", "weighted mean      85.7%   71.4%  77.6%     7", "",
                "accuracy 71.4% (5 of 7); to the letter 42.9%",
                report.lines.first { $0.hasPrefix("bleu-4") } ?? "",
                "[note] rouge-char counts Chinese characters where LLaMA-Factory counts jieba's",
                "       words; its figures differ",
                "[look] 1 of 7 answers are none of the classes; they are the column (other)",
                "       row 7: label \"不满足要求\\n\", answer \"也许\"",
            ])
        #expect(try MetricsReport([]).lines == ["no predictions to compare"])
    }

    @Test("Figures of zero are explained")
    func zero() throws {
        func texts(_ lines: [PredictionLine]) throws -> [String] { try MetricsReport(lines).findings.map(\.text) }
        let empty = try MetricsReport((0..<4).map { Fixture.line("answer \($0)", "") })
        #expect(empty.accuracy == 0)
        #expect(empty.similarity.bleu4 == 0)
        #expect(empty.findings.first?.text.hasPrefix("4 of 4 answers are empty") == true)
        #expect(empty.findings.first?.rows == [1, 2, 3])
        let prompt = "user\nWhat is the capital of France?\nassistant\n"
        #expect(try texts([Fixture.line("Paris", prompt + "Lyon", prompt: prompt)])[0].contains("repeat their prompt"))
        #expect(try texts([Fixture.line("no", "yes<|im_end|>")])[0].contains("marks of a chat template"))
        #expect(try texts([Fixture.line("Yes", "Yes, because it is.")])[0].contains("begin with their label and go on"))
        #expect(try texts([Fixture.line("1", "<think>so it goes")])[0].contains("end inside their thought"))
        #expect(try texts([Fixture.line("3", "The answer is 3.")])[0].contains("wrong answers contain their label"))
        #expect(try texts([Fixture.line("apple", "pear")])[0].hasPrefix("no answer is its label"))
        let one = try texts([("a", "a"), ("a", "a"), ("b", "a"), ("b", "a")].map { Fixture.line($0, $1) })
        #expect(one == ["never predicted: b", "all 4 answers are the same"])
    }

    @Test("A thought is no part of the answer unless it is asked for")
    func thinking() throws {
        let lines = [
            Fixture.line("<think>\n\n</think>\n\nyes", "<think>well</think>Yes."), Fixture.line("no", "a</think>no"),
        ]
        let report = try MetricsReport(lines)
        #expect(report.accuracy == 1)
        #expect(
            report.lines.contains("[note] 2 answers were compared without their thought (--keep-thinking counts it)"))
        var options = MetricsOptions()
        options.keepsThinking = true
        #expect(try MetricsReport(lines, options: options).accuracy == 0)
    }

    @Test("Many classes stay within 80 columns")
    func manyClasses() throws {
        for count in [8, 14, 30] {
            let names = (0..<count).map { "a rather long class name \($0)" }
            let lines = (0..<count * 4).map { Fixture.line(names[$0 % count], names[($0 * 7 / 5) % count]) }
            let report = try MetricsReport(lines)
            #expect(report.classScores?.matrix.classes.count == count)
            #expect(report.lines.allSatisfy { $0.hasPrefix("[note]") || DisplayWidth.of($0) <= 84 }, "\(report.lines)")
        }
    }

    @Test("Probabilities give thresholds, areas and operating points")
    func thresholds() throws {
        let rows = (0..<20).map { index in
            let isPositive = index % 5 == 0
            let share = isPositive ? 0.3 + Double(index) / 50 : Double(index) / 45
            var line = Fixture.line(isPositive ? "yes" : "no", share >= 0.5 ? "yes" : "no")
            line.labelProbabilities = [
                LabelProbability(label: "yes", probability: share),
                LabelProbability(label: "no", probability: 1 - share),
            ]
            return line
        }
        let curve = try #require(try MetricsReport(rows).curve)
        #expect(curve.positive == "yes")
        #expect(curve.numPositive == 4)
        #expect(curve.point(at: 0.5).truePositives == 2)
        let text = try MetricsReport(rows).lines.joined(separator: "\n")
        #expect(text.contains("recall >= 95.0%"))
        #expect(text.contains("best F1"))
        var options = MetricsOptions()
        options.positive = "No"
        #expect(try MetricsReport(rows, options: options).curve?.positive == "no")
        options.positive = "maybe"
        let error = #expect(throws: MetricsError.self) { try MetricsReport(rows, options: options) }
        #expect(error?.description == "maybe is none of the classes with probabilities: yes, no")
        try TemporaryFolder.with { folder in
            let report = try MetricsReport(rows)
            let drawn = try report.writePictures(to: "\(folder)/a.png")
            #expect(drawn.count == 2)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                    "a.png", "a_roc.png", "a_threshold.png",
                ])
            #expect(throws: MetricsError.self) { try report.writePictures(to: "\(folder)/a.svg") }
        }
    }

    @Test("Files are read as lines or as an array, and mistakes name file, row and key")
    func reading() throws {
        try TemporaryFolder.with { folder in
            let path = "\(folder)/p.jsonl"
            func read(_ text: String) throws -> [PredictionLine] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                return try PredictionLine.read(path: path)
            }
            func message(_ text: String) -> String? {
                do { _ = try read(text) } catch { return "\(error)".replacingOccurrences(of: path, with: "F") }
                return nil
            }
            let first = PredictionLine(prompt: "q", predict: "a", label: "b")
            #expect(try read(#"{"prompt": "q", "predict": "a", "label": "b"}"# + "\r\n\n") == [first])
            #expect(try read(#"[{"prompt": "q", "predict": "a", "label": "b"}]"#) == [first])
            let probable = try read(#"{"predict": "a", "label": 1, "label_logprobs": {"a": -1.0, "b": -1.0}}"#)[0]
            #expect(probable.label == "1")
            #expect(probable.labelProbabilities?.map(\.probability) == [0.5, 0.5])
            #expect(PredictionLine(text: probable.text)?.text == probable.text)
            #expect(message("") == "F is empty; `anneal predict` writes such a file")
            #expect(message("[]") == "F has no rows; `anneal predict` writes such a file")
            #expect(
                message("{\"predict\": \"a\", \"label\": \"b\"}\n{\"predict\": \"a\"}")?.hasPrefix(
                    "F, row 2: has no \"label\"") == true)
            #expect(
                message("{\"predict\": null, \"label\": \"b\"}") == "F, row 1: \"predict\" is null, it must be text")
            #expect(message("{\"predict\": \"a\"")?.hasPrefix("F, row 1: ") == true)
            #expect(message("3") == "F, row 1: is a number; it must be an object with \"predict\" and \"label\"")
            #expect(
                message(#"{"predict": "a", "label": "b", "label_probs": {"a": 2}}"#)?.contains(
                    "must be a number from 0 to 1") == true)
        }
    }

    @Test("Several files are compared row by row against the first")
    func comparison() throws {
        func report(_ answers: [String]) throws -> MetricsReport {
            try MetricsReport(zip(["a", "b", "a", "b"], answers).map { Fixture.line($0, $1) })
        }
        let comparison = MetricsComparison([
            ("run/base/pred.jsonl", try report(["b", "b", "b", "b"])),
            ("run/last/pred.jsonl", try report(["a", "a", "a", "b"])),
        ])
        #expect(comparison.names == ["base", "last"])
        let change = comparison.changes[0]
        #expect(change.wins.map(\.other) == [0, 2])
        #expect(change.losses.map(\.other) == [1])
        #expect(change.numEqual == 1)
        #expect(change.chance == 1)
        let text = comparison.lines()
        #expect(
            text.contains(
                "last against base: 2 won, 1 lost, 1 of 4 answers equal; by chance alone with p = 1 (McNemar)"))
        #expect(text.contains("  won, row 1: label \"a\": \"b\" -> \"a\""))
        #expect(text.allSatisfy { DisplayWidth.of($0) <= 100 })
        var many = MetricsComparison.Change()
        many.wins = Array(repeating: .init(first: 0, other: 0), count: 15)
        many.losses = Array(repeating: .init(first: 0, other: 0), count: 5)
        // scipy.stats.binomtest(5, 20).pvalue
        #expect(abs(many.chance - 0.04138946533203125) < 1e-15)
    }
}
