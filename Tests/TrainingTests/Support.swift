import Foundation
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Training

/// Where the tests find things. The fixtures are read in the source tree, for they refer to those of ModelsTests.
enum Place {
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"
    static let models: String = {
        // One thread: idle threads of a team spin, and where other programs want the cores too, such tiny models then take
        // twenty times as long (94 s against 4 s for the preference traces at a load of 8 on 2 cores).
        if TensorThread.cpu.isCurrent {
            Runtime.numThreads = 1
        } else {
            try? TensorThread.cpu.run { Runtime.numThreads = 1 }
        }
        return URL(fileURLWithPath: fixtures + "/../../ModelsTests/Fixtures").standardized.path
    }()

    /// The `anneal` that `swift build --build-tests` put beside the test bundle.
    static let program = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("anneal")
}

/// Overrides of a run over the fixtures' data.
enum RunSettings {
    /// Prepared data are kept in a folder of the tests' own, also by the programs they start.
    private static let cache: TemporaryFolder? = {
        guard let folder = try? TemporaryFolder() else { return nil }
        setenv("ANNEAL_CACHE", folder.path, 1)
        return folder
    }()

    /// Where model, adapter, data and output are.
    static func places(model: String, output: String, adapter: Bool) -> [String] {
        _ = cache
        var lines = [
            "model_name_or_path=\(Place.models)/\(model)", "dataset_dir=\(Place.fixtures)/data",
            "media_dir=\(Place.fixtures)/data", "output_dir=\(output)", "disable_tqdm=true",
        ]
        if adapter { lines.append("adapter_name_or_path=\(Place.fixtures)/adapters/\(model)") }
        return lines
    }

    /// A short run of LoRA on qwen2 without a YAML.
    static func lora(model: String = "qwen2", output: String, _ changes: [String] = []) -> [String] {
        let vision = model.contains("vl")
        return places(model: model, output: output, adapter: false) + [
            "stage=sft", "do_train=true", "finetuning_type=lora", "lora_rank=2", "lora_alpha=4", "lora_target=all",
            "dataset=\(vision ? "vision" : "text")", "template=\(vision ? "qwen2_vl" : "qwen")", "cutoff_len=512",
            "per_device_train_batch_size=1", "gradient_accumulation_steps=2", "learning_rate=5e-3", "max_steps=6",
            "logging_steps=1", "save_strategy=no", "report_to=none", "seed=42",
        ] + changes
    }
}

/// Runs a configuration in this process and returns the finished run's trainer_state.json.
@discardableResult
func train(yaml: String? = nil, _ overrides: [String]) throws -> StateFile {
    let config = try RunConfig.load(file: yaml, overrides: overrides)
    let outcome = try TrainingRun(config).start()
    #expect(outcome == .finished)
    return try StateFile(folder: config.training.outputDir)
}

/// The parts of trainer_state.json (and of a trace.json) that are compared.
struct StateFile: Decodable {
    let max_steps: Int
    let num_train_epochs: Int
    let log_history: [[String: Double]]

    init(folder: String) throws { self = try read(StateFile.self, "\(folder)/trainer_state.json") }
}

func read<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path)))
}

/// |a - b| relative to `expected`.
func relativeDifference(_ value: Double, _ expected: Double) -> Double {
    value == expected ? 0 : abs(value - expected) / max(abs(expected), 1e-12)
}
