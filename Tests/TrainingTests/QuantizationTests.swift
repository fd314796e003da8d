import Foundation
import Models
import NN
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Training

/// Training on quantized weights beside bitsandbytes and LLaMA-Factory (Fixtures/MANIFEST.md), and whole runs of it.
struct QuantizationTests {
    private static let fixtures = "\(Place.fixtures)/quantized"

    /// Root of the mean square of a difference over that of the wanted values.
    private static func difference(_ made: [Float], _ wanted: [Float]) -> Double {
        let squares = zip(made, wanted).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
        return (squares / wanted.reduce(0.0) { $0 + pow(Double($1), 2) }).squareRoot()
    }

    /// A group's scale has 8 bits after the first, so that it is off by 2^-9 at most, where bitsandbytes keeps fp32 (or, by
    /// default, 8 bits of the difference to the mean); a weight that lies between two codes may therefore get the other one.
    @Test(arguments: [PackedWeight.Code.nf4, .fp4])
    func `the weights that 4 bits stand for are those of bitsandbytes`(_ code: PackedWeight.Code) throws {
        try TensorThread.cpu.run {
            let golden = try SafetensorsFile(path: "\(Self.fixtures)/weights.safetensors")
            let weight = try #require(golden.tensor("weight")), theirs = try #require(golden.tensor(code.rawValue))
            let ours = try scope { PackedWeight(weight, code: code).unpacked(.float32).array(Float.self) }
            let wanted = theirs.array(Float.self), source = weight.array(Float.self)
            let isNear = zip(ours, wanted).map { abs($0 - $1) <= abs($1) / 256 }
            #expect(isNear.count { !$0 } <= 13, "\(isNear.count { !$0 }) of 1280")
            // Where the code is another one, it is as near.
            #expect(abs(Self.difference(ours, source) / Self.difference(wanted, source) - 1) < 0.01)
        }
    }

    @Test func `8 bits are nearer to the weights than those of LLM.int8, whose scales are a row's`() throws {
        try TensorThread.cpu.run {
            let golden = try SafetensorsFile(path: "\(Self.fixtures)/weights.safetensors")
            let weight = try #require(golden.tensor("weight")), theirs = try #require(golden.tensor("int8"))
            let ours = try scope { PackedWeight(weight, code: .int8).unpacked(.float32).array(Float.self) }
            let source = weight.array(Float.self)
            #expect(Self.difference(ours, source) <= Self.difference(theirs.array(Float.self), source))
        }
    }

    @Test(arguments: ["qwen2", "llama3", "qwen2.5-vl"])
    func `the layers that transformers quantizes are quantized`(_ name: String) throws {
        let theirs = try read([String: [String]].self, "\(Self.fixtures)/modules.json")
        try TensorThread.cpu.run {
            let model = try LanguageModel.load(
                folder: "\(Place.models)/\(name)", dtype: .float32, quantization: .nf4)
            let packed = model.linears().filter { ($0.slot.layer as? Linear)?.packed != nil }.map(\.path)
            #expect(packed.sorted() == theirs[name]?.sorted())
            let released = model.parameters().filter { $0.parameter.tensor == nil }.map(\.path)
            #expect(released == packed.map { "\($0).weight" })
        }
    }

    /// The checkpoint of the traces with the tokenizer of qwen2.
    private static func model(in folder: TemporaryFolder) throws -> String {
        let path = "\(folder.path)/model", files = FileManager.default
        try files.copyItem(atPath: "\(fixtures)/model", toPath: path)
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            try files.copyItem(atPath: "\(Place.models)/qwen2/\(name)", toPath: "\(path)/\(name)")
        }
        return path
    }

    private struct Trace: Decodable {
        let trainable_parameters: Int
        let all_parameters: Int
        let log_history: [[String: Double]]
        var losses: [Double] { log_history.compactMap { $0["loss"] } }
    }

    static let cases = [
        ("plain", []), ("nf4", ["quantization_bit=4"]),
        ("nf4-single", ["quantization_bit=4", "double_quantization=false"]),
        ("fp4-single", ["quantization_bit=4", "quantization_type=fp4", "double_quantization=false"]),
        ("int8", ["quantization_bit=8"]),
    ]

    @Test(arguments: cases)
    func `losses follow LLaMA-Factory's with bitsandbytes`(_ name: String, _ settings: [String]) throws {
        let trace = try read(Trace.self, "\(Self.fixtures)/traces/\(name).json")
        let folder = try TemporaryFolder()
        let arguments =
            RunSettings.places(model: "qwen2", output: "\(folder.path)/out", adapter: false) + [
                "model_name_or_path=\(try Self.model(in: folder))", "adapter_name_or_path=\(Self.fixtures)/adapter",
                "stage=sft", "do_train=true", "finetuning_type=lora", "dataset=text", "max_samples=22",
                "template=qwen", "cutoff_len=512", "per_device_train_batch_size=2", "gradient_accumulation_steps=2",
                "learning_rate=5e-3", "num_train_epochs=2", "lr_scheduler_type=cosine", "warmup_ratio=0.1",
                "logging_steps=1", "save_strategy=no", "report_to=none", "disable_shuffling=true",
            ] + settings
        let lines = try DryRun.lines(try RunConfig.load(file: nil, overrides: arguments))
        let counts = [trace.trainable_parameters, trace.all_parameters].map(ParameterCount.grouped)
        #expect(lines.contains { $0.hasPrefix("trainable params: \(counts[0]) || all params: \(counts[1]) ||") })
        let losses = try train(arguments).log_history.compactMap { $0["loss"] }
        #expect(losses.count == 12 && trace.losses.count == 12)
        let worst = zip(losses, trace.losses).map(relativeDifference).max() ?? 1
        #expect(worst < (settings.isEmpty ? 1e-5 : 3e-3), "\(worst)")
    }
}
