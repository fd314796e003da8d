import ArgumentParser
import Datasets
import Foundation
import JSON

struct DataPreferencesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preferences",
        abstract: "Makes DPO or KTO data of predictions: wrong answers become the rejected ones.",
        discussion: """
            anneal data preferences generated_predictions.jsonl … --output wrong.json [--kind pairs] [--dataset NAME --dataset-dir DIR]

            Several files are several answers to the same rows. The kinds:
              pairs      the label is chosen, every wrong answer rejected (dpo, rm)
              own-pairs  a right answer of the model's own is chosen: best of n (dpo, rm)
              verdicts   every answer with true or false (kto)
              accepted   right answers of the model's own: rejection sampling (sft)
            With --dataset the rows' turns, system prompts and images are taken from the data set that was predicted; without it the
            question is the prompt as it was printed, template and all.
            """)

    @Argument(help: "Files of predictions over the same rows.")
    var predictions: [String]
    @Option(help: "The file to write (JSON).")
    var output: String
    @Option(help: "pairs, own-pairs, verdicts or accepted.")
    var kind = "pairs"
    @Option(help: "The data set that was predicted: a name or a file.")
    var dataset: String?
    @Option(help: "The folder of dataset_info.json.")
    var datasetDir = "data"
    @Option(help: "How many rows of the data set were predicted, when not all.")
    var maxSamples: Int?

    func run() throws {
        guard let kind = PreferenceMaker.Kind(rawValue: kind) else {
            let known = PreferenceMaker.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--kind \(kind) is unknown: write one of \(known)")
        }
        var rows: [DataRow]?
        if let dataset {
            rows = try DatasetCatalog(folder: datasetDir).load(dataset, maxSamples: maxSamples).keptRows
        }
        let maker = PreferenceMaker(kind: kind, rows: rows)
        let files = try predictions.map { (path: $0, predictions: try Prediction.read($0)) }
        let (samples, report) = try maker.samples(files)
        print(report.description)
        guard !samples.isEmpty else {
            throw ValidationError("nothing can be made of these predictions: \(kind.lack)")
        }
        let text = "[\n" + samples.map { $0.text() }.joined(separator: ",\n") + "\n]\n"
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: output), options: .atomic) } catch {
            throw ValidationError("--output \(output) cannot be written: does its folder exist?")
        }
        if rows == nil {
            print(
                "[warning] The questions are the prompts as they were printed, template and all. Name --dataset and --dataset-dir, or training puts the template around them once more."
            )
        }
        let name = URL(fileURLWithPath: output).deletingPathExtension().lastPathComponent
        print("Written to \(output). Its entry in dataset_info.json:")
        print("  \"\(name)\": \(maker.entry(fileName: URL(fileURLWithPath: output).lastPathComponent).text())")
    }
}
