import Basics
import Foundation
import NN
import TestSupport
import Testing
import Torch

@testable import Models

/// A folder that goes away with its owner.
private func fixtures() throws -> String { try #require(Bundle.module.resourcePath) + "/Fixtures" }

struct LayoutTests {
    private struct Layouts: Decodable {
        let memory: [String]
        let published: [String]
        enum CodingKeys: String, CodingKey {
            case memory
            case published = "2025"
        }
    }

    @Test func `both layouts of a vision-language checkpoint load as the same weights and are saved under their names`()
        throws
    {
        try TensorThread.cpu.run {
            let source = try fixtures() + "/qwen2.5-vl"
            let layouts = try JSONDecoder().decode(
                Layouts.self, from: Data(contentsOf: URL(fileURLWithPath: "\(source)/layouts.json")))
            let file = try Checkpoint(folder: source)
            #expect(layouts.published.sorted() == file.names && layouts.memory.count == file.names.count)
            let expected = try LanguageModel.load(folder: source, dtype: .float32)
            for names in [layouts.published, layouts.memory] {
                let folder = try TemporaryFolder()
                try FileManager.default.copyItem(atPath: "\(source)/config.json", toPath: "\(folder.path)/config.json")
                let tensors = try zip(names, layouts.published).map { ($0, try #require(file.tensor($1))) }
                try SafetensorsWriter.write(tensors, to: "\(folder.path)/model.safetensors")
                let model = try LanguageModel.load(folder: folder.path, dtype: .float32)
                #expect(model.namedWeights().map(\.name).sorted() == names.sorted())
                for (ours, theirs) in zip(model.parameters(), expected.parameters()) {
                    #expect(
                        ours.parameter.value.array(Float.self) == theirs.parameter.value.array(Float.self),
                        "\(ours.path)")
                }
            }
        }
    }

    @Test func `missing, extra and foreign tensors are named`() throws {
        try TensorThread.cpu.run {
            let source = try fixtures() + "/qwen2", file = try SafetensorsFile(path: "\(source)/model.safetensors")
            func message(_ change: (inout [(name: String, tensor: Tensor)]) -> Void) throws -> String {
                let folder = try TemporaryFolder()
                try FileManager.default.copyItem(atPath: "\(source)/config.json", toPath: "\(folder.path)/config.json")
                var tensors = try file.names.map { (name: $0, tensor: try #require(file.tensor($0))) }
                change(&tensors)
                try SafetensorsWriter.write(tensors, to: "\(folder.path)/model.safetensors")
                do {
                    _ = try LanguageModel.load(folder: folder.path, dtype: nil)
                    return "no error"
                } catch { return "\(error)" }
            }
            let missing = try message { $0.removeAll { $0.name == "model.norm.weight" } }
            #expect(missing.contains("the weights have no tensor model.norm.weight"))
            let extra = try message { $0.append(("model.layers.0.mlp.experts.weight", Tensor.zeros([1]))) }
            #expect(
                extra.contains("1 tensors this architecture has no place for, first model.layers.0.mlp.experts.weight"))
            let foreign = try message { $0 = [("transformer.wte.weight", Tensor.zeros([1]))] }
            #expect(foreign.contains("none of the names of a qwen2 model, for example transformer.wte.weight"))
            // A tied output layer may be stored; it means nothing.
            let tied = try message { $0.append(("lm_head.weight", Tensor.zeros([1]))) }
            #expect(tied == "no error")
        }
    }
}

struct AdapterConfigTests {
    private let plain: [String: Any] = ["peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]]

    private func read(_ changes: [String: Any]) throws -> AdapterConfig {
        let folder = try TemporaryFolder()
        try folder.write(
            "adapter_config.json", JSONSerialization.data(withJSONObject: plain.merging(changes) { $1 }))
        return try AdapterConfig(folder: folder.path)
    }

    @Test func `variants that would change the mathematics are refused by name`() throws {
        let refused: [(String, Any, String)] = [
            ("peft_type", "IA3", "peft_type IA3 is not supported"), ("use_dora", true, "use_dora is true"),
            ("fan_in_fan_out", true, "fan_in_fan_out is true"), ("lora_bias", true, "lora_bias is true"),
            ("bias", "all", "bias \"all\" is not supported"),
            ("rank_pattern", ["q_proj": 4], "rank_pattern is not empty"),
            ("alpha_pattern", ["q_proj": 4], "alpha_pattern is not empty"),
            ("modules_to_save", ["lm_head"], "modules_to_save is set"),
            ("r", 0, "r is 0, expected at least 1"), ("r", "two", "r is two, expected an integer"),
            ("target_modules", 3, "target_modules is neither a list of names nor a pattern"),
        ]
        for (key, value, words) in refused {
            let error = #expect(throws: FileError.self, "\(key)") { _ = try read([key: value]) }
            #expect(error.map { "\($0)" }?.contains(words) == true, "\(key)")
        }
        #expect(refused.count == 11)
    }

    @Test func `names end a path, a pattern matches a whole one, and both survive a round trip`() throws {
        for (targets, inside, outside) in [
            (["q_proj", "mlp.up_proj"] as Any, "model.layers.0.mlp.up_proj", "model.layers.0.self_attn.xq_proj"),
            (".*\\.(q|v)_proj", "model.layers.1.self_attn.v_proj", "model.layers.1.self_attn.v_proj.x"),
        ] {
            let config = try read(["target_modules": targets, "use_rslora": true, "lora_dropout": 0.1])
            #expect(try config.matches(inside))
            #expect(try !config.matches(outside))
            let folder = try TemporaryFolder()
            try config.json().write(to: URL(fileURLWithPath: "\(folder.path)/adapter_config.json"))
            let again = try AdapterConfig(folder: folder.path)
            #expect(again == config)
        }
    }
}
