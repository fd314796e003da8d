import Foundation
import Models
import NN
import Prompting
import RunConfig
import Testing
import Torch

@testable import Inference

/// Models whose weights are quantized when they are loaded.
struct QuantizationTests {
    /// The length of the difference of two models' logits over the length of the first.
    private static func difference(_ code: PackedWeight.Code) throws -> Double {
        try TensorThread.cpu.run {
            let folder = Fixture.model("qwen2")
            let ids = (0..<40).map { Int32($0 * 7 % 200) }
            let all = try [nil, code].map { code -> [Float] in
                try scope("comparing") {
                    let model = try LanguageModel.load(folder: folder, dtype: .float32)
                    if let code { model.pack(code) }
                    return noGrad {
                        let input = ModelInput([Prompt(tokenIDs: ids)], vision: nil)
                        return model.nextTokenLogits(model.hiddenStates(input)).array(Float.self)
                    }
                }
            }
            let (squares, whole) = zip(all[0], all[1]).reduce((0.0, 0.0)) { sum, pair in
                let gap = Double(pair.0 - pair.1)
                return (sum.0 + gap * gap, sum.1 + Double(pair.0) * Double(pair.0))
            }
            return (squares / whole).squareRoot()
        }
    }

    @Test func `8 bits change the logits by little, 4 bits by more`() throws {
        let (int8, nf4) = (try Self.difference(.int8), try Self.difference(.nf4))
        #expect(int8 > 0 && int8 < 0.05, "8 bits: \(int8)")
        #expect(nf4 > int8 && nf4 < 0.4, "4 bits: \(nf4)")
    }

    @Test(arguments: ["quantization_bit=8", "quantization_bit=4"])
    func `a quantized model answers`(_ setting: String) throws {
        let settings = try InferenceSettings(
            Fixture.config(
                "model_name_or_path=\(Fixture.model("qwen2.5-vl"))", "template=qwen2_vl", setting))
        let session = try InferenceSession(settings)
        let (prompt, _) = try session.prompt(Conversation(messages: [Message(.user, "?")]))
        let answer = try session.complete([prompt], sampling: .greedy(maxNewTokens: 4), stopIDs: [])
        #expect(answer.first?.tokenIDs.count == 4)
    }

    /// Final hidden states under the adapter of the fixtures.
    private static func adapted(_ prepare: (LanguageModel) throws -> ServedAdapters?) throws -> [Float] {
        let model = try LanguageModel.load(folder: Fixture.model("qwen2"), dtype: .float32)
        let served = try prepare(model)
        let input = ModelInput([Prompt(tokenIDs: (0..<40).map { Int32($0 * 7 % 200) })], vision: nil)
        let states = noGrad { () -> [Float] in
            let parts = served == nil ? [] : [(number: 1, rows: Range<Int>?.none)]
            return (served ?? ServedAdapters(model)).with(parts) { model.hiddenStates(input).array(Float.self) }
        }
        return states
    }

    @Test(arguments: [PackedWeight.Code.int8, .nf4, .fp4])
    func `an adapter beside codes gives what it gives beside the weights that they stand for`(
        _ code: PackedWeight.Code
    ) throws {
        let folder = Fixture.adapter("qwen2")
        try TensorThread.cpu.run {
            try scope("comparing") {
                let expected = try Self.adapted { model in
                    for (_, slot) in model.linears() {
                        guard let linear = slot.layer as? Linear else { continue }
                        let codes = PackedWeight(linear.weight.value, code: code)
                        noGrad { linear.weight.set(codes.unpacked(.float32)) }
                    }
                    try model.loadLoRA(folder: folder)
                    return nil
                }
                let own = try Self.adapted { model in
                    try model.loadLoRA(folder: folder)
                    model.pack(code)
                    return nil
                }
                let served = try Self.adapted { model in
                    model.pack(code)
                    let adapters = ServedAdapters(model)
                    let number = try adapters.load(folder: folder)
                    #expect(number == 1)
                    return adapters
                }
                // Rows are rounded to 8 bits before they meet codes: in the same way, however the adapter came.
                #expect(own == served)
                let gap = zip(expected, own).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
                let size = expected.reduce(0.0) { $0 + pow(Double($1), 2) }
                #expect((gap / size).squareRoot() < 0.05)
            }
        }
    }

    @Test func `a model that has learnt a text loses little of it`() async throws {
        let sentence =
            "Anneal fine-tunes, evaluates, merges and serves language models; it is one program, and it reads the same files. "
        let folder = NSTemporaryDirectory() + "anneal-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let row = "{\"text\": \"\(String(repeating: sentence, count: 40))\"}\n"
        try String(repeating: row, count: 8).write(toFile: "\(folder)/rows.jsonl", atomically: true, encoding: .utf8)
        try #"{"rows": {"file_name": "rows.jsonl", "columns": {"prompt": "text"}}}"#.write(
            toFile: "\(folder)/dataset_info.json", atomically: true, encoding: .utf8)
        let run = try Program.run([
            "train", "model_name_or_path=\(Fixture.model("qwen2"))", "template=qwen", "stage=pt", "do_train=true",
            "finetuning_type=full", "dataset=rows", "dataset_dir=\(folder)", "cutoff_len=48",
            "output_dir=\(folder)/out", "learning_rate=0.01", "max_steps=40", "per_device_train_batch_size=8",
            "save_strategy=no",
        ])
        #expect(run.status == 0, "\(run.errors)")
        /// Nats a token of the text.
        func nats(_ settings: String...) async throws -> Double {
            let config = try RunConfig.load(
                modelArguments: ["\(folder)/out", "template=qwen"] + settings, purpose: .inference)
            let session = try InferenceSession(InferenceSettings(config))
            let request = GenerationRequest(
                prompt: Prompt(tokenIDs: Array(session.tokenizer.encode(sentence + sentence).prefix(48))),
                sampling: .greedy(maxNewTokens: 0), stopIDs: [], numPromptLogprobs: 0)
            for try await case .started(_, let scores?) in session.engine.generate(request) {
                let known = scores.compactMap(\.first)
                return known.reduce(0) { $0 - Double($1.logprob) } / Double(known.count)
            }
            throw InferenceError("no scores")
        }
        let plain = try await nats()
        let (int8, nf4) = (try await nats("quantization_bit=8"), try await nats("quantization_bit=4"))
        #expect(plain < 1, "the text was not learnt: \(plain)")
        #expect(abs(int8 - plain) < 0.02, "8 bits: \(int8), plain \(plain)")
        #expect(abs(nf4 - plain) < 0.3, "4 bits: \(nf4), plain \(plain)")
    }

    @Test func `bits other than 8 and 4 are refused`() throws {
        #expect(throws: ConfigError.self) {
            try Fixture.config("model_name_or_path=\(Fixture.model("qwen2"))", "quantization_bit=3")
        }
    }
}
