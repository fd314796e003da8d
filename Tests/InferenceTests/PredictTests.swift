import Foundation
import Scoring
import Reporting
import RunConfig
import TestSupport
import Testing

@testable import Inference

struct PredictTests {
    private let arguments = [
        Fixture.model("qwen2.5-vl"), "adapter_name_or_path=\(Fixture.adapter("qwen2.5-vl"))", "template=qwen2_vl",
        "dataset=vision", "dataset_dir=\(Fixture.data)", "max_new_tokens=5",
    ]

    private func predict(_ path: String, _ more: String..., overwrites: Bool = false, batchSize: Int = 4) throws -> (
        PredictionRun.Result, [String]
    ) {
        let config = try RunConfig.load(modelArguments: arguments + more, purpose: .inference)
        let lines = Collected<String>(count: 100), counter = Counter()
        let result = try PredictionRun(config, savePath: path, overwrites: overwrites, batchSize: batchSize).start {
            lines.set(counter.next(), $0)
        }
        return (result, lines.values)
    }

    @Test("Predictions are written in order, do not depend on batches, and go on after a stop")
    func resumes() throws {
        try TemporaryFolder.with { folder in
            let path = "\(folder)/out/pred.jsonl"
            let (result, log) = try predict(path)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(result.lines.count == 10)
            #expect(result.numNew == 10)
            let text = String(decoding: bytes, as: UTF8.self)
            let stars = String(repeating: "*", count: 70)
            #expect(log.suffix(3) == [stars, "10 total generated results have been saved at \(path).", stars])
            #expect(
                text.hasPrefix(
                    #"{"prompt": "system\nYou are a helpful assistant.\nuser\nHow many cubes are there?\nassistant\n", "predict": ""#
                ))
            #expect(text.contains(#""label": "There are 3 red cubes.\n"}"#))
            let (one, _) = try predict("\(folder)/one.jsonl", batchSize: 1)
            #expect(one.lines == result.lines)
            // Killed inside line 4.
            let cut = bytes.split(separator: 0x0A).prefix(3).reduce(0) { $0 + $1.count + 1 } + 20
            try bytes.prefix(cut).write(to: URL(fileURLWithPath: path))
            let (again, messages) = try predict(path)
            #expect(messages.contains("Going on after 3 of 10 predictions in \(path)."))
            #expect(again.numNew == 7)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
            let (done, _) = try predict(path)
            #expect(done.numNew == 0)
            #expect(done.lines == result.lines)
        }
    }

    @Test("A file of other predictions is not added to")
    func otherRun() throws {
        try TemporaryFolder.with { folder in
            let path = "\(folder)/pred.jsonl"
            _ = try predict(path)
            let error = #expect(throws: InferenceError.self) { try predict(path, "temperature=0") }
            #expect(
                error?.description.contains("holds predictions of another model, data set or settings (there sampling")
                    == true)
            #expect(error?.description.hasSuffix("name another file with --save, or add --overwrite") == true)
            let (result, _) = try predict(path, "temperature=0", overwrites: true)
            #expect(result.numNew == 10)
            try Data("notes\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/notes.txt"))
            #expect(throws: InferenceError.self) { try predict("\(folder)/notes.txt") }
            #expect(try String(contentsOfFile: "\(folder)/notes.txt", encoding: .utf8) == "notes\n")
        }
    }

    @Test("Probabilities of the possible answers go into the lines, and a run with others is another run")
    func probabilities() throws {
        try TemporaryFolder.with { folder in
            let path = "\(folder)/p.jsonl"
            let config = try RunConfig.load(modelArguments: arguments + ["max_samples=3"], purpose: .inference)
            let result = try PredictionRun(config, savePath: path, classes: ["yes", "no"]).start { _ in }
            #expect(result.lines.allSatisfy { $0.labelProbabilities?.map(\.label) == ["yes", "no"] })
            #expect(try PredictionLine.read(path: path) == result.lines)
            #expect(try PredictionRun(config, savePath: path, classes: ["yes", "no"]).start { _ in }.numNew == 0)
            #expect(throws: InferenceError.self) { try PredictionRun(config, savePath: path).start { _ in } }
        }
    }

    @Test func `LLaMA-Factory's YAML of a prediction leaves its files in output_dir`() throws {
        try TemporaryFolder.with { folder in
            let yaml = """
                model_name_or_path: \(Fixture.model("qwen2"))
                stage: sft
                do_predict: true
                finetuning_type: lora
                eval_dataset: text
                dataset_dir: \(Fixture.data)
                template: qwen
                max_samples: 3
                output_dir: saves/predict
                overwrite_output_dir: true
                predict_with_generate: true
                max_new_tokens: 3
                """
            try yaml.write(toFile: "\(folder)/x.yaml", atomically: true, encoding: .utf8)
            let made = try Program.run(["predict", "x.yaml"], folder: folder)
            #expect(made.status == 0 && !made.output.contains("output_dir"), "\(made.output)\(made.errors)")
            let saved = try Set(FileManager.default.contentsOfDirectory(atPath: "\(folder)/saves/predict"))
            #expect(saved.isSuperset(of: ["generated_predictions.jsonl", "predict_results.json"]))
        }
    }

    @Test("The command predicts, scores and says what is missing")
    func command() throws {
        try TemporaryFolder.with { folder in
            let made = try Program.run(
                [
                    "predict", Fixture.model("qwen2"), "--dataset", "text", "--dataset-dir", Fixture.data, "--template",
                    "qwen", "--save",
                    "p.jsonl", "max_new_tokens=3", "max_samples=5",
                ], folder: folder)
            #expect(made.status == 0, "\(made.errors)")
            #expect(made.output.contains("5 total generated results have been saved at p.jsonl."))
            #expect(made.output.contains("accuracy "))
            let bare = try Program.run(["predict", Fixture.model("qwen2"), "template=qwen"], folder: folder)
            #expect(bare.status == 1)
            #expect(
                bare.errors
                    == "Error: no data set is named: add --dataset NAME (of dataset_info.json in dataset_dir, or a file)\n"
            )
        }
    }
}
