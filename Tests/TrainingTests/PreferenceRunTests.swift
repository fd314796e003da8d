import Datasets
import Foundation
import Models
import NN
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Training

/// Preference runs from end to end: resuming, references, value heads, bad data.
struct PreferenceRunTests {
    static func arguments(_ stage: String, output: String, _ changes: [String] = []) -> [String] {
        [
            "model_name_or_path=\(Place.models)/qwen2", "dataset_dir=\(Place.fixtures)/preference",
            "media_dir=\(Place.fixtures)/data", "output_dir=\(output)", "disable_tqdm=true", "stage=\(stage)",
            "do_train=true", "finetuning_type=lora", "lora_rank=2", "lora_dropout=0.1", "template=qwen",
            "dataset=\(stage == "kto" ? "tags" : "pairs")", "cutoff_len=256", "per_device_train_batch_size=2",
            "gradient_accumulation_steps=2", "learning_rate=5e-3", "num_train_epochs=2", "logging_steps=1",
            "save_strategy=steps", "save_steps=3", "val_size=0.2", "eval_strategy=steps", "eval_steps=2",
            "report_to=none", "overwrite_output_dir=true",
        ] + changes
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    @Test(arguments: [
        ("dpo", ["pref_bco_weight=0.5"]), ("kto", []), ("rm", []), ("dpo", ["finetuning_type=full", "lora_dropout=0"]),
    ])
    func `a run that goes on from a checkpoint ends with the same bits`(_ stage: String, _ changes: [String]) throws {
        let folder = try TemporaryFolder(), output = "\(folder.path)/run", files = FileManager.default
        let arguments = Self.arguments(stage, output: output, changes).filter {
            !changes.contains("finetuning_type=full") || !($0.hasPrefix("lora_") || $0 == "finetuning_type=lora")
        }
        let reference = try train(arguments)
        try files.moveItem(atPath: output, toPath: "\(folder.path)/reference")
        try files.createDirectory(atPath: output, withIntermediateDirectories: true)
        try files.copyItem(atPath: "\(folder.path)/reference/checkpoint-3", toPath: "\(output)/checkpoint-3")
        let resumed = try train(arguments.filter { $0 != "overwrite_output_dir=true" })
        func comparable(_ state: StateFile) -> [[String: Double]] {
            state.log_history.map { $0.filter { !$0.key.hasSuffix("_runtime") && !$0.key.hasSuffix("_per_second") } }
        }
        #expect(comparable(resumed) == comparable(reference))
        let names = try files.contentsOfDirectory(atPath: output).filter {
            $0.hasSuffix(".safetensors") && $0 != ReferenceCache.fileName
        }
        #expect(names.contains(ValueHead.fileName) == (stage == "rm"))
        for name in names {
            #expect(try bytes("\(output)/\(name)") == bytes("\(folder.path)/reference/\(name)"), "\(name)")
        }
    }

    @Test func `a reference computed before training equals one computed along the way`() throws {
        let folder = try TemporaryFolder()
        let common = [
            "adapter_name_or_path=\(Place.fixtures)/adapters/qwen2", "val_size=0", "eval_strategy=no",
            "num_train_epochs=1",
        ]
        let along = try train(Self.arguments("dpo", output: "\(folder.path)/a", common))
        let before = try train(
            Self.arguments("dpo", output: "\(folder.path)/b", common + ["ref_model=\(Place.models)/qwen2"]))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/a/\(ReferenceCache.fileName)"))
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/b/\(ReferenceCache.fileName)"))
        for (a, b) in zip(along.log_history, before.log_history) {
            for key in ["loss", "rewards/chosen", "logps/rejected"] {
                guard let x = a[key], let y = b[key] else { continue }
                #expect(abs(x - y) < 1e-4 * max(1, abs(y)))
            }
        }
    }

    @Test func `the policy that training starts from can be the reference`() throws {
        let folder = try TemporaryFolder(), adapter = "\(Place.fixtures)/adapters/qwen2"
        let state = try train(
            Self.arguments(
                "dpo", output: "\(folder.path)/a",
                ["adapter_name_or_path=\(adapter)", "ref_model_adapters=\(adapter)", "val_size=0", "eval_strategy=no"]))
        #expect(abs((state.log_history[0]["loss"] ?? 0) - log(2)) < 1e-4)
        #expect(abs(state.log_history[0]["rewards/chosen"] ?? 1) < 1e-3)
    }

    @Test func `shared prompts give the gradients of separate sequences`() throws {
        let config = try RunConfig.load(file: nil, overrides: Self.arguments("dpo", output: "/nowhere"))
        let data = try TrainingRun(config).loadData()
        let examples = try #require(data.train as? [TrainingExample])
        try TensorThread.cpu.run {
            let model = try LanguageModel.load(folder: "\(Place.models)/qwen2", dtype: .float32)
            try model.loadLoRA(folder: "\(Place.fixtures)/adapters/qwen2")
            for (_, layer) in model.loraLayers {
                layer.a.makeTrainable()
                layer.b.makeTrainable()
            }
            let objective = PreferenceOptimization(
                PreferenceOptimization.Settings(loss: PairLoss(.sigmoid, beta: 0.5)), reference: .withoutAdapter)
            func gradients(_ shares: Bool, recompute: Bool, packTokens: Int) throws -> (Double, [[Float]]) {
                let builder = PreferenceBuilder(
                    examples: examples, vision: nil, media: nil, packTokens: packTokens, keepsBatches: false)
                var loss = 0.0
                for var pack in try builder.build([[0, 1], [2]]).packs {
                    if !shares { pack = separate(pack) }
                    try scope {
                        let result = objective.loss(
                            of: pack, model: model, options: ForwardOptions(compute: .float32, recompute: recompute))
                        result.backward()
                        loss += result.value
                    }
                }
                let parameters = model.loraLayers.flatMap { [$0.layer.a, $0.layer.b] }
                defer { parameters.forEach { $0.value.clearGrad() } }
                return (loss, parameters.map { $0.value.grad?.array(Float.self) ?? [] })
            }
            let expected = try gradients(false, recompute: false, packTokens: 100_000)
            for (recompute, packTokens) in [(false, 100_000), (true, 100_000), (false, 1)] {
                let found = try gradients(true, recompute: recompute, packTokens: packTokens)
                #expect(abs(found.0 - expected.0) < 1e-5)
                for (a, b) in zip(found.1, expected.1) {
                    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-4 })
                }
            }
        }
    }

    /// The same answers, each with a copy of its prompt.
    private func separate(_ pack: PackData) -> PackData {
        var result = PackData()
        result.positions = [[]]
        result.preference = PackPreference()
        for (answer, segment) in zip(pack.preference?.answers ?? [], pack.preference?.segments ?? []) {
            let first = result.tokenIDs.count, numPrompt = answer.prompt.count
            result.tokenIDs += segment.map { pack.tokenIDs[$0] }
            result.positions[0] += 0..<segment.count
            result.offsets.append(result.tokenIDs.count)
            var own = answer
            own.labels = result.labels.count..<result.labels.count + answer.labels.count
            own.prompt = first..<first + numPrompt
            own.rows = first + numPrompt..<result.tokenIDs.count
            result.labelRows += (first + numPrompt - 1)..<(result.tokenIDs.count - 1)
            result.labels += pack.labels[answer.labels]
            result.preference?.answers.append(own)
        }
        return result
    }

    @Test func `bad pairs and one-sided verdicts are named and counted`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "p.json",
            """
            [{"instruction": "a", "chosen": "x", "rejected": "y"}, {"instruction": "b", "chosen": "x"},
             {"instruction": "c", "chosen": "x", "rejected": "x"}, {"instruction": "d", "chosen": "", "rejected": "y"},
             {"instruction": "e", "chosen": "x", "rejected": ""}]
            """)
        try folder.write(
            "k.json",
            #"[{"query": "a", "response": "x", "label": true}, {"query": "b", "response": "", "label": true}, {"query": "c", "response": "z", "label": "perhaps"}]"#
        )
        try folder.write(
            "swift.jsonl",
            #"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "x"}], "rejected_response": "y"}"#
        )
        func report(_ stage: String, _ dataset: String, share: Double = 1) throws -> (TrainingData, String) {
            let changes = ["val_size=0", "eval_strategy=no", "max_dropped_share=\(share)"]
            let overrides = Self.arguments(stage, output: "/nowhere", changes).map {
                $0.hasPrefix("dataset_dir")
                    ? "dataset_dir=\(folder.path)" : $0.hasPrefix("dataset=") ? "dataset=\(dataset)" : $0
            }
            let data = try TrainingRun(try RunConfig.load(file: nil, overrides: overrides)).loadData()
            return (data, data.report.description)
        }
        let (pairs, text) = try report("dpo", "p.json")
        #expect(pairs.train.count == 1)
        for part in [
            "dropped 1: the row has no rejected answer: fill the column 'rejected'", "p.json row 2",
            "both answers are the same", "the chosen answer is empty", "the rejected answer is empty",
        ] { #expect(text.contains(part), "\(part)") }
        let (verdicts, verdictText) = try report("kto", "k.json")
        #expect(verdicts.train.count == 1)
        for part in ["the answer is empty", "write true for a good answer", "all 1 answers are good, but KTO learns"] {
            #expect(verdictText.contains(part), "\(part)")
        }
        #expect { try report("dpo", "p.json", share: 0.5) } throws: {
            "\($0)".contains("80.0 % of the rows of `dataset` are dropped (4 of 5; 50.0 % may be)")
        }
        #expect(try report("rm", "swift.jsonl").0.train.firstExample()?.preference?.answers.count == 2)
        #expect { try report("dpo", "k.json") } throws: {
            "\($0)".contains("none of the columns holds a rejected answer")
        }
    }
}
