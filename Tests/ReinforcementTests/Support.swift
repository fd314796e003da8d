import Foundation
import Models
import Prompting
import RunConfig
import Torch

@testable import Training

/// Where the tests find things: models, adapters and data are those of other targets' fixtures.
enum Place {
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"
    static let tests = URL(fileURLWithPath: fixtures + "/../..").standardized.path
    static let models: String = {
        // One thread: idle threads of a team spin, which on a busy machine makes such tiny models twenty times as slow.
        if TensorThread.cpu.isCurrent {
            Runtime.numThreads = 1
        } else {
            try? TensorThread.cpu.run { Runtime.numThreads = 1 }
        }
        return "\(tests)/ModelsTests/Fixtures"
    }()
    static let training = "\(tests)/TrainingTests/Fixtures"
    /// The `anneal` that `swift build --build-tests` put beside the test bundle.
    static let program = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("anneal")
}

/// A tiny model with its adapter as a run trains it, and prompts of the fixtures' data.
struct PolicyFixture {
    let model: LanguageModel
    let prompts: [RolloutPrompt]
    let stopIDs: Set<Int32>

    /// To be made on the tensor thread.
    init(_ name: String) throws {
        let vision = name.contains("vl")
        let run = try TrainingRun(
            RunConfig.load(
                file: nil,
                overrides: [
                    "model_name_or_path=\(Place.models)/\(name)", "dataset_dir=\(Place.training)/data",
                    "media_dir=\(Place.training)/data", "output_dir=unused", "stage=sft", "do_train=true",
                    "finetuning_type=lora", "adapter_name_or_path=\(Place.training)/adapters/\(name)",
                    "dataset=\(vision ? "vision" : "text")", "template=\(vision ? "qwen2_vl" : "qwen")",
                    "lora_dropout=0.5",
                ]))
        setenv("ANNEAL_CACHE", "off", 1)
        let examples = try run.loadData().train
        // A prompt is what comes before the last answer.
        let cut = try (0..<min(5, examples.count)).map { index in
            var example = try examples.examples(of: index)[0]
            let last = example.labels.lastIndex { $0 != -100 } ?? 0
            let end = (example.labels[..<last].lastIndex { $0 == -100 } ?? 0) + 1
            example.inputIDs = Array(example.inputIDs[..<end])
            example.labels = Array(example.labels[..<end])
            example.task = RolloutTask(messages: [], label: "label \(index)")
            return example
        }
        let builder = PromptBuilder(examples: cut, vision: run.modelConfig.vision, media: try run.mediaSettings())
        prompts = try builder.build([Array(cut.indices)]).prompts[0]
        model = try LanguageModel.load(folder: "\(Place.models)/\(name)", dtype: .float32)
        _ = try run.prepareModel(model, resume: nil)
        stopIDs = Set(run.template.stopIDs(tokenizer: run.tokenizer))
    }
}
