import Basics
import Datasets
import Foundation
import Models
import NN
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Training

/// LLaMA-Factory's runs, step by step (Fixtures/MANIFEST.md). Losses must agree to 1e-4; they do to about 1e-6, which is
/// the rounding of fp32 sums in another order.
struct TraceTests {
    static let cases = ((try? FileManager.default.contentsOfDirectory(atPath: "\(Place.fixtures)/traces")) ?? [])
        .sorted()

    struct Trace: Decodable {
        struct Row: Decodable {
            let input_ids: [Int32]
            let labels: [Int32]
        }
        struct Weight: Decodable {
            let sum: Double
            let norm: Double
        }
        struct Batch: Decodable {
            let rows: [Int]
        }
        let max_steps: Int
        let num_train_epochs: Int
        let trainable_parameters: Int
        let all_parameters: Int
        let train_rows: Int
        let eval_rows: Int
        let log_history: [[String: Double]]
        let micro_batches: [Batch]
        let examples: [Row]?
        let eval_examples: [Row]?
        let final_weights: [String: Weight]?
        let streamed: [Row]?
    }

    @Test func `all traces are compared`() {
        #expect(Self.cases.count == 34)
    }

    @Test(arguments: cases)
    func `a run logs what LLaMA-Factory logs and ends with its weights`(_ name: String) throws {
        let folder = "\(Place.fixtures)/traces/\(name)"
        let trace = try read(Trace.self, "\(folder)/trace.json"), output = try TemporaryFolder()
        let model =
            name.contains("vision") || name == "fresh-lora"
            ? "qwen2.5-vl" : name.hasSuffix("llama3") ? "llama3" : "qwen2"
        let isFresh = name == "fresh-lora"
        let config = try RunConfig.load(
            file: "\(folder)/train.yaml",
            overrides: RunSettings.places(
                model: model, output: output.path, adapter: !name.hasPrefix("full") && !isFresh))

        let run = try TrainingRun(config)
        try compareData(try run.loadData(), trace, isText: name.hasPrefix("pretrain"))
        let plan = try DryRun.lines(config)
        let counts = [trace.trainable_parameters, trace.all_parameters].map(\.grouped)
        #expect(plan.contains { $0.hasPrefix("trainable params: \(counts[0]) || all params: \(counts[1]) ||") })

        #expect(try run.start() == .finished)
        let ours = try StateFile(folder: output.path)
        #expect(ours.max_steps == trace.max_steps && ours.num_train_epochs == trace.num_train_epochs)
        // LLaMA-Factory adds the tokens of an empty picture to batches without one.
        let other: Set = model == "qwen2.5-vl" ? ["total_flos"] : []
        compare(ours.log_history, trace.log_history, isFresh: isFresh, leavingOut: other)
        try TensorThread.cpu.run {
            if let weights = trace.final_weights {
                try compareWeights(output.path, weights)
            } else if isFresh {
                try compareShapes(output.path, folder)
            } else {
                try compareAdapters(output.path, folder)
            }
        }
    }

    /// Rows, token ids and labels.
    private func compareData(_ data: TrainingData, _ trace: Trace, isText: Bool) throws {
        if let streamed = trace.streamed { return try compareStream(data, streamed, trace) }
        #expect(data.train.count == trace.train_rows)
        let evaluation = data.evaluations.first?.examples ?? [TrainingExample]()
        #expect(evaluation.count == trace.eval_rows)
        for (samples, theirs) in [(data.train, trace.examples), (evaluation, trace.eval_examples)] {
            guard let theirs else { continue }
            let ours = try (0..<samples.count).map(samples.examples)
            let ids = ours.map { $0.flatMap(\.inputIDs) }, labels = ours.map { $0.flatMap(\.labels) }
            // LLaMA-Factory fills packs with padding that has no labels. The recorded labels of texts are their ids.
            #expect(ids == zip(theirs, ids).map { Array($0.input_ids.prefix($1.count)) })
            #expect(isText || labels == zip(theirs, ids).map { Array($0.labels.prefix($1.count)) })
            #expect(isText || zip(theirs, ids).allSatisfy { $0.labels.dropFirst($1.count).allSatisfy { $0 == -100 } })
        }
    }

    /// The rows in the order in which the trainer got them.
    private func compareStream(_ data: TrainingData, _ theirs: [Trace.Row], _ trace: Trace) throws {
        let samples = try #require(data.train as? StreamedSamples)
        var loader = StreamLoader(samples, batchSize: 1, accumulation: 1, cursor: .init())
        let ours = try theirs.map { _ in try samples.examples(of: loader.next().batches[0][0])[0] }
        #expect(ours.map(\.inputIDs) == theirs.map(\.input_ids))
        #expect(ours.map(\.labels) == theirs.map(\.labels))
    }

    private func compare(
        _ ours: [[String: Double]], _ theirs: [[String: Double]], isFresh: Bool, leavingOut other: Set<String>
    ) {
        func kinds(_ log: [[String: Double]]) -> [String] {
            log.map {
                "\(Int($0["step"] ?? -1)) \($0["loss"] != nil ? "loss" : $0["eval_loss"] != nil ? "eval" : "end")"
            }
        }
        #expect(kinds(ours) == kinds(theirs))
        var compared = 0
        for (own, reference) in zip(ours, theirs) {
            let step = Int(reference["step"] ?? 0)
            for (key, limit) in [
                ("loss", 1e-4), ("eval_loss", 1e-4), ("train_loss", 1e-4), ("grad_norm", 1e-4),
                ("learning_rate", 1e-12),
                ("epoch", 1e-12), ("total_flos", 0),
            ] where !other.contains(key) {
                guard let expected = reference[key], let value = own[key] else {
                    #expect(reference[key] == nil, "step \(step) has no \(key)")
                    continue
                }
                // A fresh adapter's A is drawn from another generator state: only the loss before the first update agrees.
                let isComparable =
                    !isFresh || ["learning_rate", "epoch", "total_flos"].contains(key) || (key == "loss" && step == 1)
                guard isComparable else { continue }
                let difference = relativeDifference(value, expected)
                #expect(difference <= limit, "step \(step): \(key) \(value), expected \(expected)")
                compared += 1
            }
        }
        #expect(compared >= 2 * theirs.count)
    }

    /// Weights of size 0.1 agree to about 1e-6.
    private func compareAdapters(_ output: String, _ folder: String) throws {
        let ours = try SafetensorsFile(path: "\(output)/adapter_model.safetensors")
        let theirs = try SafetensorsFile(path: "\(folder)/final.safetensors")
        #expect(ours.names == theirs.names && !theirs.names.isEmpty)
        for name in theirs.names {
            let a = try #require(ours.tensor(name)), b = try #require(theirs.tensor(name))
            #expect(a.shape == b.shape && a.dtype == b.dtype)
            let difference = try scope { (a - b).largest }
            #expect(difference < 1e-5, "\(name)")
        }
    }

    /// The starting values come from another generator state; everything else is the same.
    private func compareShapes(_ output: String, _ folder: String) throws {
        let ours = try SafetensorsFile(path: "\(output)/adapter_model.safetensors")
        let theirs = try SafetensorsFile(path: "\(folder)/final.safetensors")
        #expect(ours.names == theirs.names && !theirs.names.isEmpty)
        for name in theirs.names { #expect(ours.shape(of: name) == theirs.shape(of: name)) }
        func fields(_ path: String) throws -> NSMutableDictionary {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(path)/adapter_config.json"))
            let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            let result = NSMutableDictionary(dictionary: object)
            result["base_model_name_or_path"] = nil
            result["target_modules"] = try #require(object["target_modules"] as? [String]).sorted()
            return result
        }
        #expect(try fields(output) == fields(folder))
    }

    private func compareWeights(_ output: String, _ weights: [String: Trace.Weight]) throws {
        let model = try LanguageModel.load(folder: output, dtype: .float32)
        let parameters = Dictionary(uniqueKeysWithValues: model.parameters().map { ($0.path, $0.parameter.value) })
        #expect(Set(parameters.keys) == Set(weights.keys))
        for (name, expected) in weights {
            let tensor = try #require(parameters[name]).to(.float64)
            let (sum, norm) = try scope { (tensor.sum().item, tensor.pow(2).sum().sqrt().item) }
            // Rounding may push each of the weights by about 1e-6.
            #expect(abs(sum - expected.sum) < 1e-6 * Double(tensor.count) + 1e-4, "\(name)")
            #expect(relativeDifference(norm, expected.norm) < 1e-5, "\(name)")
        }
    }
}

extension Tensor {
    /// Largest absolute element.
    var largest: Double { count == 0 ? 0 : reshape(-1).pow(2).sqrt().max(0).item }
}
