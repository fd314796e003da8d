import ArgumentParser
import Basics
import Foundation
import Inference
import JSON
import Scoring
import Reporting
import RunConfig

struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Answers every row of a data set and compares the answers with the labels.",
        discussion: """
            anneal predict X.yaml [key=value …]
            anneal predict MODEL_OR_ADAPTER_DIR --dataset NAME --dataset-dir DIR [--save FILE.jsonl] [key=value …]

            Writes {"prompt", "predict", "label"} lines in the order of the rows, into output_dir where the YAML names one \
            (and LLaMA-Factory's predict_results.json beside them); run again after a stop, it goes on where it \
            was. Prompt format, system text, pixel limits and sampling are those recorded beside the model (anneal.json). \
            Generation follows LLaMA-Factory's settings: do_sample, temperature, top_p, top_k, max_new_tokens, num_beams, \
            length_penalty, seed; thinking_budget=N and loop_guard=true close thoughts that go on too long or in circles, \
            prompt_lookup_num_tokens=N guesses ahead. Base, checkpoint and last model, with and without thinking, side by side:

            anneal predict BASE … --save base.jsonl
            anneal predict saves/x/checkpoint-300 … --save 300.jsonl
            anneal predict saves/x … enable_thinking=false --save last.jsonl --compare base.jsonl --compare 300.jsonl
            """)

    @Option(
        name: [.customLong("save"), .customLong("save_name"), .customLong("save-name")],
        help: "File for the predictions (default: generated_predictions.jsonl, in output_dir where that is given).")
    var givenSave: String?

    @Option(name: [.customLong("batch-size"), .customLong("batch_size")], help: "Rows that are answered together.")
    var batchSize = 32

    @Option(
        name: [.customLong("label-probabilities"), .customLong("label_probabilities")],
        help: "The possible answers, with commas: how probable each is goes into the lines and gives a threshold table."
    )
    var labelProbabilities: String?

    @Option(
        name: [.customLong("matrix-save-name"), .customLong("matrix_save_name")],
        help: "Also write LLaMA-Factory's BLEU, ROUGE and run times as JSON.")
    var matrixSaveName: String?

    @Option(help: "Files of earlier predictions: this run is compared with them, the first against the others.")
    var compare: [String] = []

    @Flag(help: "Begin anew although the file holds predictions.")
    var overwrite = false

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml or a folder, then key=value overrides or --key value flags.")
    var arguments: [String] = []

    func run() throws {
        let config = try HubAccess.resolved(
            try RunConfig.load(modelArguments: try HubAccess.resolved(arguments: arguments), purpose: .inference))
        let folder = config.training.isGiven(\.outputDir) ? config.training.outputDir : nil
        let save = givenSave ?? (folder.map { "\($0)/" } ?? "") + "generated_predictions.jsonl"
        let matrixSaveName = matrixSaveName ?? folder.map { "\($0)/predict_results.json" }
        if let folder { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        let classes = labelProbabilities?.commaSeparated
        // What cannot be compared is said before anything is answered.
        let others = try compare.map { (path: $0, lines: try PredictionLine.read(path: $0)) }
        let result = try PredictionRun(
            config, savePath: save, overwrites: overwrite || config.training.overwriteOutputDir, batchSize: batchSize,
            classes: classes
        ).start { line in
            print(line)
            // Lines are wanted as they come, also through a pipe.
            fflush(nil)
        }
        var options = MetricsOptions()
        options.classes = classes
        let report: MetricsReport
        do { report = try MetricsReport(result.lines, options: options) } catch {
            // The answers are written already: they are measured as text.
            print("[note] \(error)")
            options.classes = nil
            report = try MetricsReport(result.lines, options: options)
        }
        report.lines.forEach { print($0) }
        if !others.isEmpty {
            let reports = try others.map { (path: $0.path, report: try MetricsReport($0.lines, options: options)) }
            MetricsComparison(reports + [(path: save, report: report)]).lines(numExamples: 3).forEach { print($0) }
        }
        if report.matrix != nil {
            try report.writePictures(to: (save as NSString).deletingPathExtension + "_confusion.png").forEach {
                print($0)
            }
        }
        guard let matrixSaveName else { return }
        options.keepsThinking = true
        let whole = try MetricsReport(result.lines, options: options)
        try AtomicFile.write(whole.predictResults(more: result.times).text(indent: 4), to: matrixSaveName)
    }
}
