import ArgumentParser
import Basics
import Foundation
import JSON
import Scoring
import Prompting
import Reporting

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Measures files of predictions, one alone or several side by side.",
        discussion: """
            anneal metrics pred.jsonl
            anneal metrics base.jsonl checkpoint-300.jsonl last.jsonl

            Reads {"prompt", "predict", "label"} lines, as `anneal predict` and LLaMA-Factory write them. Prints accuracy, \
            scores by class and the confusion matrix, BLEU-4 and ROUGE, thresholds where the lines hold label_probs, and what \
            explains bad figures. Several files are compared with the first.
            """)

    @Argument(help: "Files of predictions.")
    var files: [String]

    @Option(help: "The possible answers, with commas; otherwise found among the labels.")
    var classes: String?

    @Option(help: "The class that thresholds are about; otherwise the rarer one.")
    var positive: String?

    @Option(help: "The share of positives that an operating point is wanted for.")
    var targetRecall = 0.95

    @Flag(help: "Count <think>…</think> as part of the answer.")
    var keepThinking = false

    @Option(help: "Model folder with tokenizer.json: also prints the share of equal tokens.")
    var tokenizer: String?

    @Option(help: "Rows that are shown of each kind of change between files.")
    var examples = 3

    @Option(help: "Also write all figures as JSON.")
    var json: String?

    @Option(help: "Also draw the confusion matrix (and the threshold curves beside it) as PNG.")
    var picture: String?

    @Option(help: "Also write LLaMA-Factory's predict_results.json (thinking included, as it counts it).")
    var predictResults: String?

    func validate() throws {
        if files.isEmpty { throw ValidationError("name a file of predictions") }
        if !(0...1).contains(targetRecall) { throw ValidationError("--target-recall is a share from 0 to 1") }
        if examples < 0 { throw ValidationError("--examples is a number of rows, at least 0") }
        if files.count > 1, picture != nil || predictResults != nil {
            throw ValidationError("--picture and --predict-results are for one file")
        }
    }

    func run() throws {
        var options = MetricsOptions()
        options.keepsThinking = keepThinking
        options.classes = classes?.commaSeparated
        options.positive = positive
        options.targetRecall = targetRecall
        if let tokenizer {
            let tokenizer = try Tokenizer(folder: tokenizer)
            options.tokenize = { tokenizer.encode($0) }
        }
        let inputs = try files.map { (path: $0, lines: try PredictionLine.read(path: $0)) }
        let reports = try inputs.map { input in
            do { return (path: input.path, report: try MetricsReport(input.lines, options: options)) } catch {
                throw CommandError("\(input.path): \(error)")
            }
        }
        if reports.count > 1 {
            let comparison = MetricsComparison(reports)
            comparison.lines(numExamples: examples).forEach { print($0) }
            if let json { try AtomicFile.write(comparison.json.text(indent: 4) + "\n", to: json) }
            return
        }
        let report = reports[0].report
        report.lines.forEach { print($0) }
        if let picture { try report.writePictures(to: picture).forEach { print($0) } }
        if let json { try AtomicFile.write(report.json.text(indent: 4) + "\n", to: json) }
        if let predictResults {
            options.keepsThinking = true
            let whole = try MetricsReport(inputs[0].lines, options: options)
            try AtomicFile.write(whole.predictResults().text(indent: 4), to: predictResults)
        }
    }
}

extension String {
    /// The parts between commas, without blanks around them.
    var commaSeparated: [String] {
        split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
}
