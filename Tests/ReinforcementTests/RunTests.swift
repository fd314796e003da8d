import Foundation
import JSON
import RunConfig
import TestSupport
import Testing

@testable import Reinforcement
@testable import Training

/// Whole runs of stage grpo.
struct RunTests {
    static func arguments(_ model: String = "qwen2", output: String, _ changes: [String] = []) -> [String] {
        setenv("ANNEAL_CACHE", "off", 1)
        let vision = model.contains("vl")
        return [
            "model_name_or_path=\(Place.models)/\(model)", "dataset_dir=\(Place.training)/data",
            "media_dir=\(Place.training)/data", "dataset=\(vision ? "vision" : "text")",
            "template=\(vision ? "qwen2_vl" : "qwen")", "output_dir=\(output)", "stage=grpo", "do_train=true",
            "finetuning_type=lora", "lora_rank=2", "adapter_name_or_path=\(Place.training)/adapters/\(model)",
            "cutoff_len=512", "learning_rate=5e-3", "logging_steps=1", "save_strategy=no", "report_to=none",
            "disable_tqdm=true", "num_generations=4", "per_device_train_batch_size=4", "gradient_accumulation_steps=2",
            "max_completion_length=6", "max_steps=2", "reward_funcs=program",
            // The number of "a" in the answer: cheap, and different from answer to answer.
            #"reward_program=awk '{ print gsub(/a/, "a") % 5 }'"#,
        ] + changes
    }

    @discardableResult
    static func train(_ arguments: [String]) throws -> String {
        let config = try RunConfig.load(file: nil, overrides: arguments)
        #expect(try TrainingRun(config, tools: .standard).start() == .finished)
        return config.training.outputDir
    }

    private static func history(_ folder: String) throws -> [JSONValue] {
        let text = try String(contentsOfFile: "\(folder)/trainer_state.json", encoding: .utf8)
        return try JSONValue(parsing: text)["log_history"]?.arrayValue ?? []
    }

    @Test func `a run that goes on from a checkpoint within a generation is bit-equal, answers included`() throws {
        let folder = try TemporaryFolder(),
            changes = [
                "gradient_accumulation_steps=1", "steps_per_generation=2", "num_iterations=2", "max_steps=6",
                "save_strategy=steps", "save_steps=3",
            ]
        let whole = try Self.train(Self.arguments(output: "\(folder.path)/whole", changes))
        #expect(FileManager.default.fileExists(atPath: "\(whole)/checkpoint-3/experience.json"))
        // What a run that was killed after its fourth step leaves.
        let broken = "\(folder.path)/broken"
        try FileManager.default.createDirectory(atPath: broken, withIntermediateDirectories: true)
        for name in ["checkpoint-3", "completions.jsonl", "trainer_log.jsonl"] {
            try FileManager.default.copyItem(atPath: "\(whole)/\(name)", toPath: "\(broken)/\(name)")
        }
        try Self.train(Self.arguments(output: broken, changes))
        for name in [
            "completions.jsonl", "adapter_model.safetensors", "checkpoint-6/optimizer.safetensors",
            "checkpoint-6/rng_state.safetensors",
        ] {
            let (a, b) = (
                FileManager.default.contents(atPath: "\(whole)/\(name)"),
                FileManager.default.contents(atPath: "\(broken)/\(name)")
            )
            #expect(a != nil && a == b, "\(name)")
        }
        let curves = ["loss", "reward", "entropy", "grad_norm", "kl"]
        func numbers(_ folder: String) throws -> [[Double?]] {
            try Self.history(folder).map { record in curves.map { record[$0]?.number } }
        }
        #expect(try numbers(whole) == numbers(broken))
        let lines = try String(contentsOfFile: "\(whole)/completions.jsonl", encoding: .utf8).split(separator: "\n")
        // Two generations of eight answers.
        #expect(lines.count == 16)
        let line = try JSONValue(parsing: String(lines[15]))
        #expect(line["step"]?.intValue == 5 && line["rewards"]?["program"]?.number != nil)
    }

    @Test func `images, every estimator and dynamic sampling run to the end`() throws {
        let folder = try TemporaryFolder()
        try Self.train(Self.arguments("qwen2.5-vl", output: "\(folder.path)/vision", ["max_steps=1"]))
        try Self.train(
            Self.arguments("qwen2.5-vl", output: "\(folder.path)/codes", ["max_steps=1", "quantization_bit=4"]))
        let output = try Self.train(
            Self.arguments(
                output: "\(folder.path)/text",
                [
                    "advantage_estimator=rloo", "dynamic_sample=true", "loss_type=dapo",
                    "reward_funcs=program,repetition", "reward_weights=1,0.5", "max_steps=1",
                ]))
        let record = try #require(try Self.history(output).first)
        for key in ["reward", "kl", "entropy", "resamples", "rewards/repetition/mean", "completions/mean_length"] {
            #expect(record[key]?.number?.isFinite == true, "\(key)")
        }
    }

    @Test(arguments: [
        (["reward_funcs=acuracy"], "did you mean accuracy?"), (["num_generations=3"], "must be a multiple of"),
        (["reward_funcs=program,json", "reward_weights=1"], "`reward_weights` has 1 numbers for 2 rewards"),
        (["reward_funcs=json"], "`reward_program` needs `program`"),
        (["eval_strategy=steps", "val_size=2", "per_device_eval_batch_size=6"], "counts answers"),
        (["packing=true"], "`packing`"), (["streaming=true", "dynamic_sample=true"], "dynamic_sample"),
        (["reward_funcs=soft_overlong"], "needs `soft_cache_length`"), (["num_generations=1"], "at least 2"),
        (["reward_funcs=judge,program"], "needs `judge_base_url`"), (["do_sample=false"], "do_sample"),
        (["max_new_tokens=9"], "max_completion_length"), (["temperature=0"], "temperature"),
        (["stage=sft"], "belongs to `stage: grpo`"), (["rlhf_type=grpo"], "mean the same"),
        (["scale_rewards=gdpo", "kl_in_reward=true"], "gdpo"), (["epsilon=2"], "epsilon"),
    ])
    func `wrong settings are refused with key and remedy`(_ changes: [String], _ text: String) throws {
        let error = #expect(throws: ConfigError.self) {
            try RunConfig.load(file: nil, overrides: Self.arguments(output: "unused", changes))
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains(text))
    }

    @Test func `too few prompts and missing labels are named`() throws {
        let folder = try TemporaryFolder()
        #expect {
            try Self.train(Self.arguments(output: "\(folder.path)/a", ["max_samples=1"]))
        } throws: { "\($0)".contains("a generation needs 2 prompts, the data have 1") }
    }
}
