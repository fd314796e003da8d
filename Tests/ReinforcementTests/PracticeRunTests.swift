import Foundation
import Models
import NN
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Reinforcement
@testable import Training

/// Runs of the stages ppo and gkd from end to end on a tiny model.
struct PracticeRunTests {
    static func arguments(_ stage: String, output: String, _ changes: [String] = []) -> [String] {
        setenv("ANNEAL_CACHE", "off", 1)
        return [
            "model_name_or_path=\(Place.models)/qwen2", "dataset_dir=\(Place.training)/data",
            "output_dir=\(output)", "disable_tqdm=true", "stage=\(stage)", "do_train=true", "finetuning_type=lora",
            "lora_rank=2", "lora_target=all", "template=qwen", "dataset=text", "cutoff_len=96", "max_samples=16",
            "per_device_train_batch_size=2", "gradient_accumulation_steps=2", "learning_rate=5e-3", "logging_steps=1",
            "save_strategy=steps", "save_steps=2", "max_steps=4", "report_to=none", "overwrite_output_dir=true",
            "max_completion_length=8", "temperature=1.0", "top_p=1.0", "top_k=0",
        ] + changes
    }

    struct Log: Decodable {
        let log_history: [[String: Double]]
    }

    /// Runs and returns the log.
    static func train(_ arguments: [String]) throws -> [[String: Double]] {
        let config = try RunConfig.load(file: nil, overrides: arguments)
        #expect(try TrainingRun(config, tools: .standard).start() == .finished)
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(config.training.outputDir)/trainer_state.json"))
        return try JSONDecoder().decode(Log.self, from: data).log_history
    }

    /// The reward model of the stage rm's fixtures, as an adapter with a value head.
    static func rewardAdapter(_ folder: TemporaryFolder) throws -> String {
        let path = "\(folder.path)/reward"
        try FileManager.default.copyItem(atPath: "\(Place.training)/adapters/qwen2", toPath: path)
        try FileManager.default.copyItem(
            atPath: "\(Place.training)/preference/heads/qwen2/\(ValueHead.fileName)",
            toPath: "\(path)/\(ValueHead.fileName)")
        return path
    }

    @Test(arguments: [
        ("ppo", ["reward_funcs=repetition", "ppo_buffer_size=2", "ppo_score_norm=true", "ppo_epochs=2"]),
        ("ppo", ["reward_model=REWARD", "ppo_epochs=1", "lora_dropout=0.3"]),
        ("ppo", ["reward_model=REWARD", "ppo_epochs=1", "quantization_bit=4"]),
        (
            "ppo",
            [
                "reward_model=\(Place.models)/qwen2", "reward_model_adapters=REWARD", "reward_model_type=full",
                "reward_model_quantization_bit=8", "ppo_epochs=1",
            ]
        ),
        ("gkd", ["teacher_model_adapters=REWARD"]), ("gkd", ["quantization_bit=8"]),
        ("gkd", ["teacher_model_adapters=REWARD", "seq_kd=true", "finetuning_type=full", "lmbda=0.3"]),
    ])
    func `a run that goes on from a checkpoint ends with the same bits`(_ stage: String, _ changes: [String]) throws {
        let folder = try TemporaryFolder(), files = FileManager.default, output = "\(folder.path)/run"
        let reward = try Self.rewardAdapter(folder)
        var arguments = Self.arguments(
            stage, output: output, changes.map { $0.replacingOccurrences(of: "REWARD", with: reward) })
        if stage == "gkd" { arguments.append("teacher_model=\(Place.models)/qwen2") }
        if changes.contains("finetuning_type=full") {
            arguments.removeAll { $0.hasPrefix("lora_") || $0 == "finetuning_type=lora" }
        }
        let whole = try Self.train(arguments)
        let completions = files.contents(atPath: "\(output)/completions.jsonl")
        #expect((completions != nil) == (stage == "ppo"))
        try files.moveItem(atPath: output, toPath: "\(folder.path)/whole")
        try files.createDirectory(atPath: output, withIntermediateDirectories: true)
        try files.copyItem(atPath: "\(folder.path)/whole/checkpoint-2", toPath: "\(output)/checkpoint-2")
        if stage == "ppo" {
            // Lines of steps after the checkpoint are of a run that was cut off.
            try files.copyItem(
                atPath: "\(folder.path)/whole/completions.jsonl", toPath: "\(output)/completions.jsonl")
        }
        let resumed = try Self.train(arguments.filter { $0 != "overwrite_output_dir=true" })
        func comparable(_ log: [[String: Double]]) -> [[String: Double]] {
            log.map { $0.filter { !$0.key.hasSuffix("_runtime") && !$0.key.hasSuffix("_per_second") } }
        }
        #expect(comparable(resumed) == comparable(whole))
        #expect(files.contents(atPath: "\(output)/completions.jsonl") == completions)
        let names = try files.contentsOfDirectory(atPath: output).filter { $0.hasSuffix(".safetensors") }
        #expect(names.contains(ValueHead.fileName) == (stage == "ppo"))
        #expect(names.count == (stage == "ppo" ? 2 : 1))
        for name in names {
            #expect(
                files.contents(atPath: "\(output)/\(name)") == files.contents(atPath: "\(folder.path)/whole/\(name)"))
        }
    }

    @Test func `an adapter on the policy's weights scores as the same adapter merged into a model of its own`() throws {
        let folder = try TemporaryFolder(), reward = try Self.rewardAdapter(folder)
        try TensorThread.cpu.run {
            let fixture = try PolicyFixture("qwen2"), options = ForwardOptions(compute: .float32, recompute: false)
            let packs = RolloutPacks(fixture.model.config.vision, packTokens: 100)
            let rollouts = fixture.prompts.indices.map {
                Rollout(prompt: $0, tokenIDs: [5, 6, 7 + Int32($0)], logprobs: [], finish: .stop)
            }
            let before = fixture.model.loraTensors().map { $0.tensor.array(Float.self) }
            let beside = try PPORewardModel(adapter: reward, policy: fixture.model, packs: packs)
            let own = try PPORewardModel(
                folder: "\(Place.models)/qwen2", adapters: [reward], compute: .float32, packs: packs)
            let first = try beside.marks(rollouts, prompts: fixture.prompts, model: fixture.model, options: options)
            let second = try own.marks(rollouts, prompts: fixture.prompts, model: fixture.model, options: options)
            #expect(first.count == rollouts.count && Set(first.map(\.score)).count > 1)
            for (a, b) in zip(first, second) { #expect(abs((a.score ?? .nan) - (b.score ?? 9)) < 1e-5) }
            // The policy is as it was.
            #expect(fixture.model.loraTensors().map { $0.tensor.array(Float.self) } == before)
            #expect(throws: TrainingError.self) {
                _ = try PPORewardModel(
                    folder: "\(Place.models)/qwen2", adapters: [], compute: .float32, packs: packs)
            }
        }
    }

    @Test func `a student that is its teacher has nothing to learn, another one comes nearer`() throws {
        let folder = try TemporaryFolder()
        let same = try Self.train(
            Self.arguments(
                "gkd", output: "\(folder.path)/same",
                ["teacher_model=\(Place.models)/qwen2", "lmbda=1", "learning_rate=0", "max_steps=2"]))
        #expect(abs(same[0]["loss"] ?? 1) < 1e-6 && same[0]["gkd/on_policy"] == 1)
        let other = try Self.train(
            Self.arguments(
                "gkd", output: "\(folder.path)/other",
                [
                    "teacher_model=\(Place.models)/qwen2", "teacher_model_adapters=\(Place.training)/adapters/qwen2",
                    "lmbda=0", "learning_rate=2e-2", "max_steps=16", "gkd_beta=0",
                ]))
        let losses = other.compactMap { $0["loss"] }
        #expect(losses.count == 16 && losses.allSatisfy { $0 > 0 })
        #expect((losses.last ?? 1) < 0.8 * (losses.first ?? 0))
    }

    @Test func `PPO keeps the reference's distance at first, logs LLaMA-Factory's curves and counts what has no score`()
        throws
    {
        let folder = try TemporaryFolder()
        let log = try Self.train(
            Self.arguments(
                "ppo", output: "\(folder.path)/a",
                ["reward_funcs=program", "reward_program=\(Self.program)", "max_steps=2", "ppo_epochs=1"]))
        for key in ["loss", "reward", "learning_rate", "epoch", "objective/kl", "ppo/val/error", "grad_norm"] {
            #expect(log[0][key]?.isFinite == true, "\(key)")
        }
        #expect(abs(log[0]["objective/kl"] ?? 1) < 1e-4 && log[0]["objective/kl_coef"] == 0.2)
        let lines = String(
            decoding: FileManager.default.contents(atPath: "\(folder.path)/a/completions.jsonl") ?? Data(),
            as: UTF8.self
        ).split(separator: "\n")
        #expect(lines.count == 8)
    }

    /// Scores by the number of letters.
    private static let program =
        #"python3 -c "import sys, json; [print(len(json.loads(l)['completion']) / 10.0, flush=True) for l in sys.stdin]""#

    @Test func `settings that cannot go together are named`() throws {
        func problems(_ stage: String, _ changes: [String]) -> String {
            do {
                _ = try RunConfig.load(file: nil, overrides: Self.arguments(stage, output: "unused", changes))
                return ""
            } catch { return "\(error)" }
        }
        #expect(problems("ppo", []).contains("`reward_model` is necessary for PPO training"))
        #expect(problems("ppo", ["reward_model=r", "reward_funcs=accuracy"]).contains("exclude each other"))
        #expect(problems("ppo", ["reward_model=http://x/y"]).contains("set `reward_model_type: api`"))
        #expect(problems("ppo", ["reward_model=r", "reward_model_type=api"]).contains("full address"))
        #expect(problems("ppo", ["reward_funcs=acuracy"]).contains("did you mean accuracy"))
        #expect(problems("ppo", ["reward_funcs=accuracy", "metric_for_best_model=loss"]).contains("not a loss"))
        #expect(problems("gkd", ["teacher_model=t", "neat_packing=true"]).contains("without padding in any case"))
        #expect(problems("ppo", ["reward_funcs=accuracy", "num_generations=4"]).contains("would be ignored"))
        #expect(problems("gkd", []).contains("`teacher_model` is necessary"))
        #expect(problems("sft", ["teacher_model=t"]).contains("for `stage: gkd`"))
        #expect(problems("ppo", ["reward_funcs=accuracy"]) == "")
        // The rewards need the same of both stages.
        #expect(problems("ppo", ["reward_funcs=program"]).contains("needs `reward_program`"))
        #expect(problems("ppo", ["reward_funcs=judge"]).contains("needs `judge_base_url` and `judge_model`"))
        #expect(problems("ppo", ["reward_funcs=json", "reward_weights=1,2"]).contains("2 numbers for 1 rewards"))
        #expect(problems("ppo", ["reward_funcs=json", "judge_model=m"]).contains("would be ignored"))
    }
}
