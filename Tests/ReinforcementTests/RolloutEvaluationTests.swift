import Foundation
import RunConfig
import TestSupport
import Testing

@testable import Training

/// Evaluation and streaming of the stages whose answers the policy writes.
struct RolloutEvaluationTests {
    private static func arguments(_ stage: String, output: String, _ changes: [String]) -> [String] {
        let own =
            switch stage {
            case "grpo": RunTests.arguments(output: output)
            case "ppo": PracticeRunTests.arguments("ppo", output: output, ["reward_funcs=repetition", "ppo_epochs=1"])
            default: PracticeRunTests.arguments("gkd", output: output, teacher)
            }
        return own + ["max_leaked_share=1"] + changes
    }

    private static let teacher = [
        "teacher_model=\(Place.models)/qwen2", "teacher_model_adapters=\(Place.training)/adapters/qwen2",
    ]

    private static func lines(_ folder: String) -> [Substring] {
        String(decoding: FileManager.default.contents(atPath: "\(folder)/completions.jsonl") ?? Data(), as: UTF8.self)
            .split(separator: "\n")
    }

    @Test func `evaluations of grpo draw the same answers each time, and change nothing of the training`() throws {
        let folder = try TemporaryFolder()
        let evaluation = [
            "eval_dataset=text", "eval_strategy=steps", "eval_steps=1", "eval_on_start=true",
            "per_device_eval_batch_size=6", "num_generations_eval=2", "reward_funcs=program,repetition",
        ]
        let still = try PracticeRunTests.train(
            Self.arguments("grpo", output: "\(folder.path)/still", evaluation + ["learning_rate=0"]))
        let rewards = still.compactMap { $0["eval_reward"] }
        #expect(rewards.count == 3 && Set(rewards).count == 1)
        let record = try #require(still.first { $0["eval_reward"] != nil })
        for key in [
            "eval_loss", "eval_rewards/program/mean", "eval_rewards/program/std", "eval_rewards/repetition/mean",
            "eval_reward_std", "eval_kl", "eval_entropy", "eval_completions/mean_length", "eval_runtime",
        ] { #expect(record[key]?.isFinite == true, "\(key)") }
        // Two answers a prompt, compared with one another: their advantages add up to nothing, the divergence stays.
        #expect((0..<0.01).contains(record["eval_loss"] ?? 1))
        // Each reward weighs 1.
        let parts = ["program", "repetition"].compactMap { record["eval_rewards/\($0)/mean"] }
        #expect(abs((record["eval_reward"] ?? 9) - parts.reduce(0, +)) < 1e-9)
        let with = Self.arguments("grpo", output: "\(folder.path)/with", evaluation)
        let without = with.filter { !$0.hasPrefix("eval_") }.map {
            $0.replacing("\(folder.path)/with", with: "\(folder.path)/without")
        }
        _ = try PracticeRunTests.train(with + ["load_best_model_at_end=true", "save_strategy=steps", "save_steps=1"])
        _ = try PracticeRunTests.train(without)
        #expect(Self.lines("\(folder.path)/with") == Self.lines("\(folder.path)/without"))
        #expect(!Self.lines("\(folder.path)/with").isEmpty)
    }

    @Test func `gkd evaluates the divergence at the data's answers, whoever writes those of the training`() throws {
        let folder = try TemporaryFolder()
        let still = ["max_samples=4", "learning_rate=0", "max_steps=1"]
        let trained = try PracticeRunTests.train(
            Self.arguments(
                "gkd", output: "\(folder.path)/a",
                still + ["lmbda=0", "per_device_train_batch_size=4", "gradient_accumulation_steps=1"]))
        let evaluated = try PracticeRunTests.train(
            Self.arguments(
                "gkd", output: "\(folder.path)/b",
                still + ["lmbda=1", "eval_dataset=text", "eval_strategy=steps", "eval_steps=1"]))
        let loss = try #require(trained.first?["loss"]),
            other = try #require(evaluated.compactMap { $0["eval_loss"] }.first)
        #expect(loss > 0 && abs(loss - other) < 1e-6)
    }

    @Test func `ppo scores answers to prompts that it does not learn from, and has no loss there`() throws {
        let folder = try TemporaryFolder()
        let log = try PracticeRunTests.train(
            Self.arguments(
                "ppo", output: "\(folder.path)/a",
                [
                    "val_size=3", "eval_strategy=steps", "eval_steps=2", "per_device_eval_batch_size=2",
                    "reward_model=", "repetition_n_grams=1", "temperature=0.1",
                ]))
        let record = try #require(log.first { $0["eval_reward"] != nil })
        for key in ["eval_objective/kl", "eval_tokens/responses_len_mean", "eval_completions/clipped_ratio"] {
            #expect(record[key]?.isFinite == true, "\(key)")
        }
        #expect(record["eval_loss"] == nil && (record["eval_reward"] ?? 1) <= 0)
    }

    @Test(arguments: ["grpo", "ppo", "gkd"])
    func `a stream of prompts goes on from a checkpoint with the same bits`(_ stage: String) throws {
        let folder = try TemporaryFolder(), files = FileManager.default, output = "\(folder.path)/run"
        var arguments = Self.arguments(
            stage, output: output,
            [
                "streaming=true", "buffer_size=5", "preprocessing_batch_size=4", "max_steps=4", "save_strategy=steps",
                "save_steps=2", "overwrite_output_dir=true",
            ])
        arguments.removeAll { $0.hasPrefix("max_samples") }
        if stage == "grpo" { arguments += ["gradient_accumulation_steps=1", "steps_per_generation=2"] }
        let whole = try PracticeRunTests.train(arguments)
        try files.moveItem(atPath: output, toPath: "\(folder.path)/whole")
        try files.createDirectory(atPath: output, withIntermediateDirectories: true)
        for name in ["checkpoint-2", "completions.jsonl"] where stage != "gkd" || name != "completions.jsonl" {
            try files.copyItem(atPath: "\(folder.path)/whole/\(name)", toPath: "\(output)/\(name)")
        }
        let resumed = try PracticeRunTests.train(arguments.filter { $0 != "overwrite_output_dir=true" })
        #expect(whole.map { $0["loss"] } == resumed.map { $0["loss"] } && whole.count == 5)
        for name in ["adapter_model.safetensors", "completions.jsonl"] {
            #expect(
                files.contents(atPath: "\(output)/\(name)") == files.contents(atPath: "\(folder.path)/whole/\(name)"))
        }
    }

    @Test func `a stream with fewer prompts than a generation needs is named`() throws {
        let folder = try TemporaryFolder()
        #expect {
            try PracticeRunTests.train(
                Self.arguments(
                    "grpo", output: "\(folder.path)/a",
                    ["streaming=true", "per_device_train_batch_size=400", "max_steps=1"]))
        } throws: { "\($0)".contains("an epoch of the stream has fewer") }
    }
}
