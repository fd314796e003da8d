import Datasets
import Foundation
import Media
import Models
import Prompting
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Training

/// Rows become samples once, in the same order and with the same numbers whatever the cache, packing and timing.
struct EngineTests {
    @Test func `packs are those of LLaMA-Factory's greedy_knapsack`() {
        /// The reference, line by line.
        func reference(_ lengths: [Int], _ capacity: Int) -> [[Int]] {
            var numbers = lengths.filter { $0 <= capacity }.sorted(), groups: [[Int]] = []
            var places: [Int: [Int]] = [:]
            for (index, length) in lengths.enumerated() { places[length, default: []].append(index) }
            while !numbers.isEmpty {
                var group: [Int] = [], space = capacity
                while let index = numbers.lastIndex(where: { $0 <= space }) {
                    space -= numbers[index]
                    group.append(places[numbers[index], default: []].removeLast())
                    numbers.remove(at: index)
                }
                groups.append(group)
            }
            return groups
        }
        var generator = SystemRandomNumberGenerator()
        for capacity in [1, 7, 64, 513] {
            for count in [0, 1, 30, 400] {
                let lengths = (0..<count).map { _ in Int.random(in: 1...capacity + capacity / 4, using: &generator) }
                #expect(GreedyKnapsack.groups(lengths: lengths, capacity: capacity) == reference(lengths, capacity))
            }
        }
    }

    @Test func `rows survive being stored`() {
        let origin = RowOrigin(dataset: "d", file: "f", row: 3)
        let example = TrainingExample(
            inputIDs: [5, 6, 7, 8, 9, 10], labels: [-100, -100, 7, 8, 42, -100], weights: [1, 1, 2, 0.5, 1, 1],
            images: [.file(path: "a/b.jpg"), .bytes(Data([1, 2, 3]))], videos: [.frames(paths: ["x", "y"])],
            origin: origin)
        let bytes = StoredRow(.kept(example, .promptEnd)).bytes
        guard case .kept(let again, .promptEnd) = StoredRow(bytes, origin: origin).outcome else {
            Issue.record("the row was not kept")
            return
        }
        #expect(again.inputIDs == example.inputIDs && again.labels == example.labels && again.origin == origin)
        #expect(again.images == example.images && again.videos == example.videos)
        #expect(again.weights == example.weights)
        let dropped = StoredRow(.dropped("why")).bytes.withUnsafeBytes { StoredRow.Summary($0) }
        #expect(dropped.reason == "why" && dropped.numTokens == nil)
        // Damage that a checksum does not see may give another row, but never a crash.
        for place in bytes.indices {
            var broken = bytes
            broken[place] = 0xFF
            _ = StoredRow(broken, origin: origin)
            _ = StoredRow(Array(bytes.prefix(place)), origin: origin)
        }
    }

    @Test func `a label's own weight scales its loss and leaves the divisor alone`() throws {
        let origin = RowOrigin(dataset: "d", file: "f", row: 1)
        let scaled = TrainingExample(
            inputIDs: [5, 6, 7, 8], labels: [-100, 6, 7, 8], weights: [1, 2, 1, 0.5], images: [], videos: [],
            origin: origin)
        let plain = TrainingExample(inputIDs: [5, 6], labels: [-100, 6], images: [], videos: [], origin: origin)
        let builder = StepBuilder(
            examples: [scaled, plain], vision: nil, media: nil, normalization: .labelsOfStep, packTokens: 64)
        let packs = try builder.build([[0, 1]]).packs
        #expect(packs.map(\.weights) == [[0.5, 0.25, 0.125, 0.25]])
        #expect(packs.map(\.labels) == [[6, 7, 8, 6]])
    }

    @Test func `how answers are drawn is recorded beside the model`() throws {
        let folder = try TemporaryFolder()
        let arguments = RunSettings.lora(output: "\(folder.path)/out") + ["temperature=0.3", "max_new_tokens=7"]
        let recorded = try TrainingRun(RunConfig.load(file: nil, overrides: arguments)).inferenceDefaults
        #expect([recorded.temperature, recorded.topP] == [0.3, 0.7])
        #expect([recorded.topK, recorded.maxNewTokens, recorded.thinkingBudget] == [50, 7, nil])
        #expect([recorded.doSample, recorded.loopGuard] == [true, false])
    }

    @Test func `a run without a template takes the model's own, and loss_scale reaches the encoder`() throws {
        let folder = try TemporaryFolder()
        let arguments = RunSettings.lora(output: "\(folder.path)/out").filter { !$0.hasPrefix("template=") }
        let model = try #require(arguments.first { $0.hasPrefix("model_name_or_path=") }).dropFirst(19)
        try FileManager.default.copyItem(atPath: String(model), toPath: "\(folder.path)/model")
        let file = "\(folder.path)/model/chat_template.jinja"
        try? FileManager.default.removeItem(atPath: file)
        func run(_ changes: String...) throws -> TrainingRun {
            try TrainingRun(
                RunConfig.load(
                    file: nil, overrides: arguments + ["model_name_or_path=\(folder.path)/model"] + changes))
        }
        try Data("{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}".utf8)
            .write(to: URL(fileURLWithPath: file))
        let derived = try run("loss_scale=last_round+hermes", "ignore_empty_think=true")
        #expect(derived.template.user.rendered.hasPrefix("[user]{{content}}"))
        #expect(derived.inferenceDefaults.template == "auto")
        #expect(
            try derived.encoder().settings.lossScale == LossScale("last_round+hermes+ignore_empty_think"))
        #expect(throws: (any Error).self) { try run("loss_scale=nothing").encoder() }
    }

    @Test(arguments: ["qwen2", "qwen2.5-vl"])
    func `a sample that is packed with others gives the same loss as alone`(_ name: String) throws {
        func outcome(_ changes: [String]) throws -> (losses: [Double], numSamples: Int) {
            let overrides =
                RunSettings.lora(model: name, output: "unused") + [
                    "adapter_name_or_path=\(Place.fixtures)/adapters/\(name)"
                ]
            let run = try TrainingRun(RunConfig.load(file: nil, overrides: overrides + changes))
            let data = try run.loadData()
            return try TensorThread.cpu.run {
                let model = try LanguageModel.load(folder: "\(Place.models)/\(name)", dtype: .float32)
                _ = try run.prepareModel(model, resume: nil)
                let builder = StepBuilder(
                    examples: data.train, vision: model.config.vision, media: try run.mediaSettings(),
                    normalization: .labelsOfStep, packTokens: 1 << 20)
                let losses = try scope {
                    try (0..<data.train.count).map { sample in
                        try builder.build([[sample]]).packs.reduce(0) { sum, pack in
                            let result = SupervisedFineTuning().loss(
                                of: pack, model: model, options: ForwardOptions(compute: .float32, recompute: false))
                            let labels = try data.train.examples(of: sample).reduce(0) { $0 + $1.numLabels }
                            return sum + result.value * Double(labels)
                        }
                    }
                }
                return (losses, data.train.count)
            }
        }
        let alone = try outcome(["cutoff_len=511"]), packed = try outcome(["neat_packing=true", "cutoff_len=512"])
        let plain = try outcome(["packing=true", "cutoff_len=512"])
        #expect(packed.numSamples < alone.numSamples / 2)
        #expect(packed.losses == plain.losses)
        #expect(relativeDifference(packed.losses.reduce(0, +), alone.losses.reduce(0, +)) < 1e-5)
    }

    /// A data set of short rows, some of them longer than the cutoff, some without an answer.
    private func writeRows(_ count: Int, in folder: TemporaryFolder) throws {
        let rows = (0..<count).map { row in
            let long = row % 97 == 13 ? String(repeating: "the sea is wide ", count: 24) : ""
            return
                #"{"instruction": "Add \#(row) and \#(row % 7).\#(long)", "input": "", "output": "\#(row + row % 7)"}"#
        }
        try folder.write("rows.jsonl", rows.joined(separator: "\n"))
        try folder.write("dataset_info.json", #"{"rows": {"file_name": "rows.jsonl"}}"#)
    }

    private func arguments(_ folder: TemporaryFolder, _ output: String, _ changes: [String] = []) -> [String] {
        RunSettings.lora(output: "\(folder.path)/\(output)") + [
            "dataset=rows", "dataset_dir=\(folder.path)", "cutoff_len=160", "max_steps=4", "max_samples=1000000",
        ] + changes
    }

    private func program(
        _ arguments: [String], _ folder: TemporaryFolder, cache: String, meddle: (pid_t) -> Void = { _ in }
    )
        throws -> Program
    {
        try Program.train(arguments, in: folder.path, shell: "ANNEAL_CACHE='\(folder.path)/\(cache)'", meddle: meddle)
    }

    private func history(_ folder: TemporaryFolder, _ output: String) throws -> [[String: Double]] {
        try StateFile(folder: "\(folder.path)/\(output)").log_history.map {
            $0.filter { !$0.key.hasSuffix("_runtime") && !$0.key.hasSuffix("_per_second") }
        }
    }

    @Test func `a run that starts before all rows are encoded learns what later runs learn from the cache`() throws {
        let folder = try TemporaryFolder()
        try writeRows(9_000, in: folder)
        let early = try program(arguments(folder, "early"), folder, cache: "cache")
        #expect(early.status == 0, "\(early.errors)")
        #expect(early.output.contains("; the rest is prepared while training"))
        let waiting = try program(arguments(folder, "plan", ["--dry-run"]), folder, cache: "cache")
        #expect(waiting.status == 0, "\(waiting.errors)")
        let late = try program(arguments(folder, "late"), folder, cache: "cache")
        #expect(late.output.contains("Data, train: taken from the cache"))
        let off = try program(arguments(folder, "off"), folder, cache: "../off/../cache-2")
        #expect(off.status == 0)
        #expect(
            try history(folder, "early") == history(folder, "late")
                && history(folder, "early") == history(folder, "off"))
        let other = try program(arguments(folder, "other", ["cutoff_len=159", "--dry-run"]), folder, cache: "cache")
        #expect(!other.output.contains("taken from the cache"))
    }

    @Test func `a run that is killed while it prepares its data is gone on from`() throws {
        let folder = try TemporaryFolder()
        try writeRows(20_000, in: folder)
        let plan = arguments(folder, "plan", ["--dry-run"])
        #expect(try program(plan, folder, cache: "whole").status == 0)
        func bytes(_ cache: String) throws -> Data {
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(cache)")
            // A folder that is still empty is read in vain: the loop below asks again.
            return try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(cache)/\(names.first ?? "")"))
        }
        let whole = try bytes("whole").count
        let killed = try program(plan, folder, cache: "killed") { process in
            while kill(process, 0) == 0 {
                if let data = try? bytes("killed"), data.count > whole / 3 { break }
                usleep(2000)
            }
            kill(process, SIGKILL)
        }
        #expect(killed.status == 128 + SIGKILL)
        let resumed = try program(plan, folder, cache: "killed")
        #expect(resumed.output.contains("rows were there from an unfinished run"))
        #expect(try bytes("killed") == bytes("whole"))
    }

    @Test func `text alone leaves a projector that is trained by itself as it is`() throws {
        let output = try TemporaryFolder()
        let config = try RunConfig.load(
            file: "\(Place.fixtures)/traces/full-vision/train.yaml",
            overrides: RunSettings.places(model: "qwen2.5-vl", output: output.path, adapter: false) + [
                "dataset=text", "max_steps=2", "freeze_vision_tower=true", "freeze_language_model=true",
            ])
        #expect(try TrainingRun(config).start() == .finished)
        let log = try StateFile(folder: output.path).log_history
        #expect(log.compactMap { $0["grad_norm"] } == [0, 0] && log.allSatisfy { ($0["loss"] ?? 1) > 0 })
    }

    @Test func `tokenized_path is written once and read without the data`() throws {
        let folder = try TemporaryFolder()
        let tokenized = "tokenized_path=\(folder.path)/tokens"
        let changes = [tokenized, "neat_packing=true", "val_size=0.2", "eval_strategy=steps", "eval_steps=3"]
        try train(RunSettings.lora(output: "\(folder.path)/first", changes))
        try train(RunSettings.lora(output: "\(folder.path)/second", changes + ["dataset=nowhere", "cutoff_len=64"]))
        #expect(try history(folder, "first") == history(folder, "second"))
        try folder.write("state.json", "{}")
        #expect {
            try train(RunSettings.lora(output: "\(folder.path)/third", ["tokenized_path=\(folder.path)"]))
        } throws: { "\($0)".contains("is a folder of Hugging Face datasets (Arrow), which is not read") }
    }

    @Test func `pre-training reports perplexity, and packing is said`() throws {
        let folder = try TemporaryFolder()
        try train(
            RunSettings.lora(output: folder.path).filter { !$0.hasPrefix("template=") } + [
                "stage=pt", "dataset=pretrain", "cutoff_len=32", "val_size=0.3", "eval_strategy=steps", "eval_steps=3",
            ])
        let results = try read([String: Double].self, "\(folder.path)/eval_results.json")
        let loss = try #require(results["eval_loss"]), perplexity = try #require(results["eval_perplexity"])
        #expect(relativeDifference(perplexity, exp(loss)) < 1e-9)
    }

    @Test func `what excludes each other is refused`() throws {
        func problem(_ changes: [String]) -> String {
            do {
                _ = try RunConfig.load(file: nil, overrides: RunSettings.lora(output: "unused", changes))
                return ""
            } catch { return "\(error)" }
        }
        #expect(problem(["streaming=true", "max_steps=-1"]).contains("Please specify `max_steps` in streaming mode."))
        #expect(problem(["streaming=true", "val_size=0.1"]).contains("integer `val_size`"))
        #expect(problem(["streaming=true", "tokenized_path=t"]).contains("Turn off `streaming`"))
        let texts = problem(["stage=pt", "neat_packing=true"])
        #expect(texts.contains("`neat_packing` cannot be set as True except SFT."))
    }
}
