import ArgumentParser
import Foundation
import Inference
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

    @Flag(help: "Begin anew although the file holds predictions.")
    var overwrite = false

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml or a folder, then key=value overrides or --key value flags.")
    var arguments: [String] = []

    func run() throws {
        let config = try RunConfig.load(modelArguments: arguments, purpose: .inference)
        let result = try PredictionRun(config, savePath: save, overwrites: overwrite, batchSize: batchSize).start {
            line in
            print(line)
            // Lines are wanted as they come, also through a pipe.
            fflush(nil)
        }
        let score = PredictionScore(result.lines)
        score.lines.forEach { print($0) }
        guard let matrix = score.matrix else { return }
        let picture = (save as NSString).deletingPathExtension + "_confusion.png"
        if let note = try matrix.writeChart(to: picture) { print(note) }
        print("Confusion matrix drawn in \(picture)")
    }
}
