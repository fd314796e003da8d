import Foundation
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Training

/// LLaMA-Factory's stages rm, dpo and kto, step by step (Fixtures/preference, Tools/fixtures/preference_traces.py): losses,
/// rewards and log-probabilities must agree to 1e-4, the tokens of every sample exactly.
struct PreferenceTraceTests {
    static let folder = "\(Place.fixtures)/preference"
    static let cases = ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/traces")) ?? []).sorted()

    struct Trace: Decodable {
        struct Row: Decodable {
            let chosen_input_ids: [Int32]?
            let chosen_labels: [Int32]?
            let rejected_input_ids: [Int32]?
            let rejected_labels: [Int32]?
            let input_ids: [Int32]?
            let labels: [Int32]?
            let kl_input_ids: [Int32]?
            let kl_labels: [Int32]?
            let kto_tags: Bool?
        }
        struct Score: Decodable {
            let chosen: Double
            let rejected: Double
        }
        let log_history: [[String: Double]]
        let train_dataset: [Row]
        let eval_dataset: [Row]?
        let predictions: [Score]?
    }

    @Test func `all traces are compared`() { #expect(Self.cases.count == 22) }

    @Test(arguments: cases)
    func `a preference run logs what LLaMA-Factory logs`(_ name: String) throws {
        let folder = "\(Self.folder)/traces/\(name)", temporary = try TemporaryFolder()
        let trace = try read(Trace.self, "\(folder)/trace.json"), output = "\(temporary.path)/run"
        let model = name.contains("vision") ? "qwen2.5-vl" : "qwen2"
        var places = [
            "model_name_or_path=\(Place.models)/\(model)", "dataset_dir=\(Self.folder)",
            "media_dir=\(Place.fixtures)/data", "output_dir=\(output)", "disable_tqdm=true",
            // Some are evaluated on what they learn.
            "max_leaked_share=1",
        ]
        if !name.contains("full") { places.append("adapter_name_or_path=\(Place.fixtures)/adapters/\(model)") }
        if name.hasPrefix("rm") { places += try Self.rewardModel(model, in: temporary) }
        let config = try RunConfig.load(file: "\(folder)/train.yaml", overrides: places)

        let run = try TrainingRun(config), data = try run.loadData()
        compare(try #require(data.train as? [TrainingExample]), trace.train_dataset)
        compare(data.evaluations.first?.examples as? [TrainingExample] ?? [], trace.eval_dataset ?? [])
        #expect(try run.start() == .finished)
        compare(
            try StateFile(folder: output).log_history, trace.log_history, isSummed: config.tuning.stage == .kto,
            isFresh: name.contains("new-adapter"))
        if let predictions = trace.predictions {
            let text = try String(contentsOfFile: "\(output)/generated_predictions.jsonl", encoding: .utf8)
            let ours = try text.split(separator: "\n").map {
                try JSONDecoder().decode(Trace.Score.self, from: Data($0.utf8))
            }
            #expect(ours.count == predictions.count)
            for (a, b) in zip(ours, predictions) {
                #expect(abs(a.chosen - b.chosen) < 0.011 && abs(a.rejected - b.rejected) < 0.011)
            }
        }
    }

    /// A model whose value head has no dropout, and the adapter with a value head to start from.
    static func rewardModel(_ model: String, in folder: TemporaryFolder) throws -> [String] {
        let copy = try folder.copy("\(Place.models)/\(model)", as: model)
        let adapter = try folder.copy("\(Place.fixtures)/adapters/\(model)", as: "adapter")
        let path = "\(copy)/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacing("{", with: "{\"summary_dropout_prob\": 0.0,", maxReplacements: 1)
        try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
        let head = "value_head.safetensors"
        try FileManager.default.copyItem(atPath: "\(Self.folder)/heads/\(model)/\(head)", toPath: "\(adapter)/\(head)")
        return ["model_name_or_path=\(copy)", "adapter_name_or_path=\(adapter)"]
    }

    private func compare(_ ours: [TrainingExample], _ theirs: [Trace.Row]) {
        #expect(ours.count == theirs.count)
        for (example, row) in zip(ours, theirs) {
            guard let layout = example.preference else {
                Issue.record("a sample without preference")
                continue
            }
            let prompt = Array(example.inputIDs.prefix(layout.promptCount))
            let answers = layout.answers.map { prompt + Array(example.inputIDs[$0]) }
            #expect(layout.verdict == row.kto_tags)
            if layout.verdict == nil {
                #expect(answers == [row.chosen_input_ids, row.rejected_input_ids].compactMap { $0 })
                #expect(row.chosen_labels.map { $0.count { $0 != -100 } } == layout.answers[0].count)
            } else {
                #expect(answers == [row.input_ids].compactMap { $0 })
                #expect(layout.other?.inputIDs == row.kl_input_ids)
                #expect(layout.other?.promptCount == row.kl_labels.map { $0.count { $0 == -100 } })
            }
        }
    }

    private func compare(_ ours: [[String: Double]], _ theirs: [[String: Double]], isSummed: Bool, isFresh: Bool) {
        var compared = 0
        for expected in theirs where expected["train_loss"] == nil {
            let step = expected["step"] ?? -1, isEvaluation = expected["eval_loss"] != nil
            let key = isEvaluation ? "eval_loss" : "loss"
            guard let own = ours.first(where: { $0["step"] == step && $0[key] != nil }) else {
                Issue.record("step \(step) has no \(key)")
                continue
            }
            for (name, value) in expected {
                // Upstream's logits count padding, its kl is a sum over batches; speed and time differ.
                let isComparable =
                    name.hasSuffix("loss") || name.contains("rewards/") || name.contains("logps/")
                    || name == "grad_norm" || name == "learning_rate" || name == "epoch" || name == "eval_accuracy"
                guard isComparable,
                    !isFresh || step == 1 || !name.contains("/") && name != "grad_norm" && name != "loss",
                    !(isFresh && name == "grad_norm")
                else { continue }
                guard let found = own[name] else {
                    Issue.record("step \(step) has no \(name)")
                    continue
                }
                // Rewards are small differences of large log-probabilities: fp32 leaves them 1e-5 of their size.
                let size = max(abs(value), name.contains("rewards/") ? 0.05 : 1e-6)
                #expect(abs(found - value) <= 1e-4 * size, "step \(step): \(name) \(found), expected \(value)")
                compared += 1
            }
        }
        #expect(compared >= theirs.count * 2)
    }
}
