import Basics
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

    /// A group's scale has 8 bits here, so that it is off by 2^-8 at most; bitsandbytes keeps fp32, or, by default, 8 bits of
    /// the difference to the mean. A value of a code is off by 2^-12. A weight that lies between two codes may get the other one.
    @Test(arguments: [PackedWeight.Code.nf4, .fp4])
    func `the weights that 4 bits stand for are those of bitsandbytes`(_ code: PackedWeight.Code) throws {
        try TensorThread.cpu.run {
            let golden = try SafetensorsFile(path: "\(Self.fixtures)/weights.safetensors")
            let weight = try #require(golden.tensor("weight")), theirs = try #require(golden.tensor(code.rawValue))
            let ours = try scope { PackedWeight(weight, code: code).unpacked(.float32).array(Float.self) }
            let wanted = theirs.array(Float.self), source = weight.array(Float.self)
            let numOther = stride(from: 0, to: source.count, by: 64).reduce(0) { count, first in
                let group = first..<first + 64, largest = source[group].map(abs).max() ?? 0
                return count
                    + group.count { abs(ours[$0] - wanted[$0]) > abs(wanted[$0]) / 256 + largest / 4096 * 1.01 }
            }
            #expect(source.count == 1280 && numOther <= 13, "\(numOther)")
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
                "learning_rate=5e-3", "num_train_epochs=2", "lora_rank=2", "lora_alpha=4", "lr_scheduler_type=cosine",
                "warmup_ratio=0.1",
                "logging_steps=1", "save_strategy=no", "report_to=none", "disable_shuffling=true",
            ] + settings
        let lines = try DryRun.lines(try RunConfig.load(file: nil, overrides: arguments))
        let counts = [trace.trainable_parameters, trace.all_parameters].map(\.grouped)
        #expect(lines.contains { $0.hasPrefix("trainable params: \(counts[0]) || all params: \(counts[1]) ||") })
        let losses = try train(arguments).log_history.compactMap { $0["loss"] }
        #expect(losses.count == 12 && trace.losses.count == 12)
        let worst = zip(losses, trace.losses).map(relativeDifference).max() ?? 1
        #expect(worst < (settings.isEmpty ? 1e-5 : 3e-3), "\(worst)")
    }

    @Test(arguments: ["qwen2", "llama3", "qwen2.5-vl"])
    func `loss and gradients are those of the weights that the codes stand for`(_ name: String) throws {
        try TensorThread.cpu.run {
            let folder = "\(Place.fixtures)/adapters/\(name)"
            let golden = try SafetensorsFile(path: "\(folder)/golden.safetensors")
            let quantized = try LanguageModel.load(
                folder: "\(Place.models)/\(name)", dtype: .float32, quantization: .nf4)
            let plain = try LanguageModel.load(folder: "\(Place.models)/\(name)", dtype: .float32)
            for (own, other) in zip(quantized.linears(), plain.linears()) {
                guard let codes = (own.slot.layer as? Linear)?.packed, let linear = other.slot.layer as? Linear else {
                    continue
                }
                linear.weight.set(try scope { codes.unpacked(.float32) })
            }
            for model in [quantized, plain] {
                try model.loadLoRA(folder: folder)
                for (_, layer) in model.loraLayers {
                    layer.a.makeTrainable()
                    layer.b.makeTrainable()
                }
            }
            let (pack, _) = try AdapterTests.pack(golden, plain.config)
            for (recompute, compute) in [(false, DType.float32), (true, .float32), (true, .bfloat16)] {
                let options = ForwardOptions(compute: compute, recompute: recompute)
                let losses = try [quantized, plain].map { model in
                    try scope {
                        let result = SupervisedFineTuning().loss(of: pack, model: model, options: options)
                        result.backward()
                        return result.value
                    }
                }
                let tolerance = compute == .float32 ? 1e-5 : 2e-2
                #expect(relativeDifference(losses[0], losses[1]) < tolerance)
                for (own, other) in zip(quantized.loraLayers, plain.loraLayers) {
                    for (a, b) in [(own.layer.a, other.layer.a), (own.layer.b, other.layer.b)] {
                        let ours = try #require(a.value.grad), wanted = try #require(b.value.grad)
                        let difference = try scope { (ours - wanted).largest / max(1e-3, wanted.largest) }
                        #expect(difference < tolerance * 10, "\(own.path) \(compute)")
                        a.value.clearGrad()
                        b.value.clearGrad()
                    }
                }
            }
        }
    }

    @Test(arguments: [
        ("sft", "qwen2", []), ("sft", "qwen2.5-vl", ["bf16=true"]), ("pt", "qwen2", []), ("rm", "qwen2", []),
        ("dpo", "qwen2", []), ("dpo", "qwen2", ["pref_loss=orpo"]), ("dpo", "qwen2", ["pref_loss=simpo"]),
        ("dpo", "qwen2", ["ref_model=MODEL", "ref_model_quantization_bit=8", "ref_model_adapters=ADAPTER"]),
        ("kto", "qwen2", ["quantization_bit=8"]),
    ])
    func `a run on codes goes on from a checkpoint with the same bits`(
        _ stage: String, _ model: String, _ changes: [String]
    ) throws {
        let folder = try TemporaryFolder(), output = "\(folder.path)/run", files = FileManager.default
        let isPreference = ["rm", "dpo", "kto"].contains(stage)
        let own = changes.map {
            $0.replacingOccurrences(of: "MODEL", with: "\(Place.models)/\(model)").replacingOccurrences(
                of: "ADAPTER", with: "\(Place.fixtures)/adapters/\(model)")
        }
        let stageSettings = stage == "pt" ? ["stage=pt", "dataset=pretrain", "cutoff_len=64"] : []
        let arguments =
            (isPreference
                ? PreferenceRunTests.arguments(stage, output: output)
                : RunSettings.lora(model: model, output: output, ["lora_dropout=0.1"]))
            + ["max_steps=4", "save_strategy=steps", "save_steps=2", "quantization_bit=4", "overwrite_output_dir=true"]
            + stageSettings + own
        let reference = try train(arguments)
        #expect(reference.log_history.contains { ($0["grad_norm"] ?? 0) > 0 })
        try files.moveItem(atPath: output, toPath: "\(folder.path)/reference")
        try files.createDirectory(atPath: output, withIntermediateDirectories: true)
        try files.copyItem(atPath: "\(folder.path)/reference/checkpoint-2", toPath: "\(output)/checkpoint-2")
        try train(arguments.filter { $0 != "overwrite_output_dir=true" })
        let adapters = ["reference", "run"].map { "\(folder.path)/\($0)/adapter_model.safetensors" }
        #expect(files.contents(atPath: adapters[0]) == files.contents(atPath: adapters[1]))
        // The adapter is an ordinary one: it fits the plain weights, and merges into them.
        try TensorThread.cpu.run {
            let plain = try LanguageModel.load(folder: "\(Place.models)/\(model)", dtype: .float32)
            let config = try plain.loadLoRA(folder: output)
            #expect(config.baseModel == "\(Place.models)/\(model)")
            plain.mergeLoRA()
            #expect(plain.loraLayers.isEmpty)
        }
    }

    @Test func `the plan counts codes, not weights`() throws {
        let folder = try TemporaryFolder()
        let arguments = RunSettings.lora(output: "\(folder.path)/out")
        func memory(_ settings: [String]) throws -> (MemoryPlan, QuantizationPlan?) {
            let config = try RunConfig.load(file: nil, overrides: arguments + settings)
            let model = try ModelConfig(folder: config.model.modelNameOrPath ?? "")
            let plan = try DryRun.memoryPlan(config, model)
            return (plan.memory, plan.quantization)
        }
        let (plain, none) = try memory([])
        #expect(none == nil && plain.unpackedBytes == 0)
        for (bits, bytes) in [(8, 33), (4, 17)] {
            let (own, plan) = try memory(["quantization_bit=\(bits)"])
            let weights = try #require(plan?.numWeights)
            #expect(plan?.numLayers == 14 && weights == 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 48 * 32))
            #expect(plain.weightBytes - own.weightBytes == weights * 4 - weights * bytes / 32)
            #expect(own.unpackedBytes == 2 * 32 * 48 * 4)
        }
    }

    @Test(arguments: [
        (["quantization_bit=5"], "must be 4 or 8"), (["quantization_bit=4", "finetuning_type=full"], "LoRA or OFT"),
        (["quantization_bit=4", "quantization_method=hqq"], "bitsandbytes"),
        (["quantization_bit=8", "use_dora=true"], "use_dora"),
        (["quantization_bit=4", "train_from_scratch=true"], "from scratch"),
        (["ref_model_quantization_bit=4"], "needs `ref_model`"),
        (["reward_model_quantization_bit=4"], "of the type full"),
    ])
    func `what cannot be quantized is refused`(_ settings: [String], _ words: String) throws {
        do {
            _ = try RunConfig.load(file: nil, overrides: RunSettings.lora(output: "unused") + settings)
            Issue.record("\(settings) was accepted")
        } catch { #expect("\(error)".contains(words), "\(error)") }
    }
}
