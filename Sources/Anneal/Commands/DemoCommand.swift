import ArgumentParser
import Demo
import Foundation
import Models
import Reporting
import RunConfig
import Torch
import Training

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Teaches a tiny vision-language model to judge pictures by rules, from nothing, in minutes.")

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
        heading("3. Learning the rules: LoRA on the language model")
        try train(paths.rulesYAML)
        let minutes = Double(DispatchTime.now().uptimeNanoseconds - start) / 60e9
        print(String(format: "The demo took %.1f minutes.", minutes))
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
