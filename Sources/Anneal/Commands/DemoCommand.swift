import ArgumentParser
import Demo
import Foundation
import Inference
import Scoring
import Models
import Reporting
import RunConfig
import Torch
import Training

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Teaches a tiny vision-language model to judge pictures by rules, from nothing, in minutes.")

    @Option(help: "Folder for everything the demo makes.")
    var folder = "demo"

    @Option(help: "Chooses pictures, rules and the random start.")
    var seed: UInt64 = 0

    func run() throws {
        StopRequest.listen()
        let start = DispatchTime.now().uptimeNanoseconds
        heading("1. Drawing pictures of cubes, cylinders, rings, star badges and lamps")
        let bar = ProgressBar(title: "pictures", unit: "picture", total: DemoSizes.standard.total)
        let paths = try DemoTask.write(to: folder, seed: seed) { bar.update(step: $0.numDrawn) }
        bar.finish()
        print("Look at \(paths.contactSheet.path(percentEncoded: false)).")
        try writeRandomModel(paths.model.path(percentEncoded: false))

        heading("2. Learning to see: full fine-tuning of all weights")
        try train(paths.seeYAML)
        heading("3. Judging held-out pictures before the rules are learned")
        let before = try judge(paths, adapter: nil, name: "before")
        heading("4. Learning the rules: LoRA on the language model")
        try train(paths.rulesYAML)
        heading("5. Judging the same pictures with the adapter")
        let after = try judge(paths, adapter: paths.rulesOutput, name: "after")

        heading("Result")
        print(
            String(
                format: "Accuracy on %d held-out pictures: %.1f %% before LoRA, %.1f %% after.", after.numLines,
                100 * before.accuracy, 100 * after.accuracy))
        if let matrix = after.matrix {
            matrix.lines.forEach { print($0) }
            let picture = paths.folder.appending(path: "confusion.png").path(percentEncoded: false)
            if let note = try matrix.writeChart(to: picture) { print(note) }
            print(
                "Pictures to look at: \(picture), \(path(paths.seeOutput))/training_loss.png, \(path(paths.rulesOutput))/training_loss.png"
            )
        }
        print("Talk to it: anneal chat \(path(paths.rulesOutput))")
        let minutes = Double(DispatchTime.now().uptimeNanoseconds - start) / 60e9
        print(String(format: "The demo took %.1f minutes.", minutes))
    }

    private func path(_ url: URL) -> String { url.path(percentEncoded: false) }

    /// Answers the test set, as greedily as the trainings' files say, and scores the answers.
    private func judge(_ paths: DemoPaths, adapter: URL?, name: String) throws -> MetricsReport {
        let save = paths.folder.appending(path: "predictions_\(name).jsonl").path(percentEncoded: false)
        var overrides = [
            "model_name_or_path=\(path(paths.seeOutput))", "dataset_dir=\(path(paths.data))",
            "dataset=\(DemoPaths.rulesTestDataset)",
        ]
        if let adapter { overrides.append("adapter_name_or_path=\(path(adapter))") }
        let config = try RunConfig.load(file: nil, overrides: overrides, purpose: .inference)
        let score = try MetricsReport(
            try PredictionRun(config, savePath: save, overwrites: true, batchSize: 50).start().lines)
        score.lines.forEach { print($0) }
        return score
    }

    private func heading(_ text: String) { print("\n===== \(text)") }

    private func train(_ yaml: URL) throws {
        let config = try RunConfig.load(file: yaml.path(percentEncoded: false))
        if case .stopped = try TrainingRun(config).start() { throw CommandError("the demo was stopped") }
    }

    /// Random weights for the configuration that the demo wrote.
    private func writeRandomModel(_ folder: String) throws {
        let seed = seed
        try TensorThread.cpu.run {
            let model = LanguageModel(try ModelConfig(folder: folder))
            try scope("random weights") {
                Runtime.seed(seed)
                model.initializeWeights(dtype: .float32)
                try SafetensorsWriter.writeModel(model.namedWeights(), folder: folder, maxShardBytes: 5_000_000_000)
            }
        }
    }
}
