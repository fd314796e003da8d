import Foundation
import Scoring
import Models
import Prompting
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Inference

struct EvaluationTests {
    private struct Case: Decodable {
        let model: String
        let template: String
        let task: String
        let lang: String
        let nShot: Int
        let batchSize: Int
        let seed: Int
        let log: String
        let asked: [Asked]
    }

    /// A checksum of a prompt's token ids and the logits of A to D after it.
    private struct Asked: Decodable {
        let crc: UInt32
        let logits: [Float]
    }

    private static func checksum(_ ids: [Int32]) -> UInt32 {
        let bytes = ids.flatMap { id in (0..<4).map { UInt8(truncatingIfNeeded: id >> (8 * $0)) } }
        return ~bytes.reduce(~UInt32(0)) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
    }

    private static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/evaluation"

    private func run(_ arguments: String...) throws -> (BenchmarkRun.Result, [String]) {
        let config = try RunConfig.load(
            modelArguments: arguments + ["task_dir=\(Self.folder)"], purpose: .evaluation)
        let lines = Collected<String>(count: 100), counter = Counter()
        let result = try BenchmarkRun(config).start { lines.set(counter.next(), $0) }
        return (result, lines.values)
    }

    @Test("Every choice and every score equals LLaMA-Factory's Evaluator: layouts, languages, shots, seeds")
    func parity() throws {
        let cases: [Case] = try Fixture.json("evaluation")
        let texts = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: Fixture.own("evaluation"))))
        let results = try #require(texts as? [[String: Any]]).compactMap {
            $0["results"] as? [String: [String: String]]
        }
        #expect(cases.count == 6)
        for (one, golden) in zip(cases, results) {
            try TemporaryFolder.with { folder in
                let (result, lines) = try run(
                    Fixture.model(one.model), "template=\(one.template)", "task=\(one.task)", "lang=\(one.lang)",
                    "n_shot=\(one.nShot)", "batch_size=\(one.batchSize)", "seed=\(one.seed)", "infer_dtype=float32",
                    "save_dir=\(folder)/out")
                let wanted = golden.mapValues { letters in
                    (0..<letters.count).map { letters[String($0)] ?? "" }
                }
                let found = Dictionary(uniqueKeysWithValues: result.choices.map { ($0.subject, $0.letters) })
                #expect(found == wanted, "\(one.task) \(one.model)")
                // Without answers the reference counts everything as wrong.
                guard !one.log.contains("Average: 0.00") || !lines.contains(where: { $0.contains("has no answers") })
                else { return }
                #expect(result.lines.joined(separator: "\n") == one.log)
                #expect(try String(contentsOfFile: "\(folder)/out/results.log", encoding: .utf8) == one.log)
            }
        }
    }

    @Test("Every prompt has the reference's token ids, and the letters its logits")
    func prompts() throws {
        for one in try Fixture.json("evaluation") as [Case] {
            let config = try RunConfig.load(
                modelArguments: [
                    Fixture.model(one.model), "template=\(one.template)", "task=\(one.task)", "lang=\(one.lang)",
                    "n_shot=\(one.nShot)", "seed=\(one.seed)", "infer_dtype=float32", "task_dir=\(Self.folder)",
                ], purpose: .evaluation)
            let run = try BenchmarkRun(config)
            let session = try InferenceSession(InferenceSettings(config))
            let asked = try run.task.subjects.map { try run.task.questions($0, split: run.task.split) }
            let prompts = try run.conversations(asked).joined().map { try session.prompt($0).prompt }
            #expect(prompts.map { Self.checksum($0.tokenIDs) } == one.asked.map(\.crc), "\(one.task) \(one.model)")
            let letters = try ["A", "B", "C", "D"].map { try #require(session.tokenizer.encode($0).last) }
            let logits = try session.logits(after: prompts, of: letters).values
            let furthest = zip(logits.joined(), one.asked.map(\.logits).joined()).map { abs($0 - $1) }.max() ?? 1
            #expect(furthest < 1e-3, "\(one.task) \(one.model)")
        }
    }

    @Test("Probabilities that are equal in bfloat16 give the first letter, as the reference's softmax does")
    func ties() {
        // 0.2510 and 0.2490 of the others differ in float32 only by less than half a bfloat16 step.
        #expect(BenchmarkRun.choice([1.0, 1.0009765625, 1.0, 1.0], .float32) == 1)
        #expect(BenchmarkRun.choice([1.0, 1.0009765625, 1.0, 1.0], .bfloat16) == 0)
        #expect(BenchmarkRun.choice([1.0, 1.5, 1.0, 1.0], .bfloat16) == 1)
    }

    @Test("What is missing is named before the model is loaded")
    func errors() throws {
        func message(_ arguments: String...) -> String {
            do {
                let all = [Fixture.model("qwen2"), "template=qwen"] + arguments
                _ = try BenchmarkRun(try RunConfig.load(modelArguments: all, purpose: .evaluation)).start { _ in }
                return ""
            } catch { return "\(error)" }
        }
        let folder = "task_dir=\(Self.folder)"
        #expect(message(folder).contains("`task: mmlu_test`"))
        #expect(message("task=mmlu", folder).hasPrefix("task mmlu names no benchmark and split"))
        #expect(message("task=mmlu_later", folder).contains("the splits are test, validation and train"))
        #expect(message("task=arc_test", folder).contains("arc/mapping.json cannot be read"))
        #expect(
            message("task=cmmlu_validation", folder).contains(
                "has no file of subject agronomy for the split validation"))
        #expect(message("task=mmlu_test", folder, "save_dir=\(Self.folder)").contains("already exists"))
        let training = #expect(throws: ConfigError.self) {
            try RunConfig.load(modelArguments: [Fixture.model("qwen2"), "batch_size=2"], purpose: .inference)
        }
        #expect(training?.description.contains("`batch_size` belongs to `anneal eval`") == true)
    }

    @Test("Log-probabilities of answers equal those of one forward pass over prompt and answer")
    func answerProbabilities() throws {
        for (name, template) in [("qwen2", "qwen"), ("qwen2.5-vl", "qwen2_vl")] {
            let session = try Fixture.session(Fixture.model(name), "template=\(template)", "infer_dtype=float32")
            let prompt = Prompt(tokenIDs: [5, 9, 31, 17, 40])
            let answers: [[Int32]] = [[7], [7, 8], [9, 10, 11], [9, 10, 12], [20]]
            let found = try session.logProbabilities(of: answers, after: prompt)
            for (answer, value) in zip(answers, found) {
                let whole = prompt.appending(answer)
                let logits = try session.model.run { model in
                    try noGrad {
                        try scope("test") {
                            model.logits(model.hiddenStates(ModelInput([whole], vision: model.config.vision)))
                                .logSoftmax().array(Float.self)
                        }
                    }
                }
                let numTokens = logits.count / whole.tokenIDs.count
                let wanted = answer.indices.reduce(0.0) { sum, index in
                    sum + Double(logits[(prompt.tokenIDs.count - 1 + index) * numTokens + Int(answer[index])])
                }
                #expect(abs(value - wanted) < 1e-4, "\(name) \(answer)")
            }
            let probabilities = try AnswerProbabilities(classes: ["A", "AB", "no"], session: session)(prompt, session)
            #expect(probabilities.map(\.label) == ["A", "AB", "no"])
            #expect(abs(probabilities.reduce(0) { $0 + $1.probability } - 1) < 1e-9)
            #expect(throws: InferenceError.self) { try AnswerProbabilities(classes: ["A", "A"], session: session) }
            #expect(throws: InferenceError.self) { try AnswerProbabilities(classes: ["A"], session: session) }
        }
    }
}
