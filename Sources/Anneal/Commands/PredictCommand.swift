import ArgumentParser
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

            Writes {"prompt", "predict", "label"} lines in the order of the rows; run again after a stop, it goes on where it \
            was. Prompt format, system text and pixel limits are those the model was trained with (anneal.json beside it). \
            Generation follows LLaMA-Factory's settings: do_sample, temperature, top_p, top_k, max_new_tokens, seed.
            """)

    @Option(
        name: [.customLong("save"), .customLong("save_name"), .customLong("save-name")],
        help: "File for the predictions.")
    var save = "generated_predictions.jsonl"

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

    @Flag(help: "Begin anew although the file holds predictions.")
    var overwrite = false

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml or a folder, then key=value overrides or --key value flags.")
    var arguments: [String] = []

    func run() throws {
        let config = try HubAccess.resolved(
            try RunConfig.load(modelArguments: try HubAccess.resolved(arguments: arguments), purpose: .inference))
        let classes = labelProbabilities?.commaSeparated
        let result = try PredictionRun(
            config, savePath: save, overwrites: overwrite, batchSize: batchSize, classes: classes
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
