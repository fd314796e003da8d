import Foundation
import JSON
import Prompting
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Inference

struct ExportTests {
    @Test(
        "A merged export answers like base and adapter and has the base's tensors",
        arguments: [("qwen2", "qwen", "short"), ("llama3", "llama3", "short"), ("qwen2.5-vl", "qwen2_vl", "image")])
    func merges(_ name: String, _ template: String, _ key: String) throws {
        try TemporaryFolder.with { folder in
            let target = "\(folder)/merged"
            let config = try Fixture.config(
                Fixture.model(name), "adapter_name_or_path=\(Fixture.adapter(name))", "template=\(template)",
                "export_dir=\(target)",
                "infer_dtype=float32", purpose: .export)
            let lines = Collected<String>(count: 20), counter = Counter()
            let modelfile = try ModelExporter(config).start { lines.set(counter.next(), $0) }
            #expect(
                lines.values == [
                    "Merged 1 adapter(s).", "Loaded adapter(s): \(Fixture.adapter(name))",
                    "Convert model dtype to: float32.",
                    "Ollama modelfile saved in \(target)/Modelfile",
                ])
            #expect(modelfile == "\(target)/Modelfile")
            let (same, golden) = try TensorThread.cpu.run {
                let base = try Checkpoint(folder: Fixture.model(name)), merged = try Checkpoint(folder: target)
                return (
                    base.names == merged.names && base.names.allSatisfy { base.shape(of: $0) == merged.shape(of: $0) },
                    merged.dtype(of: base.names[0])
                )
            }
            #expect(same)
            #expect(golden == .float32)
            // anneal.json makes the template known.
            let session = try Fixture.session(target)
            let expected: [String: [Int32]] = try Fixture.json("adapters")
            let (prompt, _) = try Fixture.golden(name, case: key)
            #expect(
                try session.complete([prompt], sampling: .greedy(maxNewTokens: 12), stopIDs: [])[0].tokenIDs
                    == expected[name])
        }
    }

    @Test("An fp32 model is written in bf16 with all its files, over an earlier export only")
    func format() throws {
        try TemporaryFolder.with { folder in
            let target = "\(folder)/merged"
            let model = Fixture.model("qwen2.5-vl")
            var config = try Fixture.config(model, "template=qwen2_vl", "export_dir=\(target)", purpose: .export)
            try ModelExporter(config).start { _ in }
            let written = try JSONValue(parsing: String(contentsOfFile: "\(target)/config.json", encoding: .utf8))
            #expect(written["dtype"]?.stringValue == "bfloat16")
            #expect(
                try TensorThread.cpu.run {
                    try Checkpoint(folder: target).names.allSatisfy { name in
                        try Checkpoint(folder: target).dtype(of: name) == .bfloat16
                    }
                })
            let tokenizer = try JSONValue(
                parsing: String(contentsOfFile: "\(target)/tokenizer_config.json", encoding: .utf8))
            #expect(tokenizer["padding_side"]?.stringValue == "left")
            #expect(tokenizer["eos_token"]?.stringValue == "<|im_end|>")
            let files = try FileManager.default.contentsOfDirectory(atPath: target).sorted()
            #expect(
                files == [
                    "Modelfile", "anneal.json", "chat_template.jinja", "config.json", "generation_config.json",
                    "model.safetensors",
                    "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json",
                ])
            // Again, over the export.
            try ModelExporter(config).start { _ in }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["merged"])
            config = try Fixture.config(model, "template=qwen2_vl", "export_dir=\(folder)", purpose: .export)
            #expect(
                throws: InferenceError(
                    "export_dir \(folder) is not empty and holds no earlier export; choose another folder")
            ) {
                try ModelExporter(config)
            }
            config = try Fixture.config(model, "template=qwen2_vl", "export_dir=\(model)/", purpose: .export)
            #expect(
                throws: InferenceError(
                    "export_dir \(model)/ is or holds \(model), which is read; choose another folder")
            ) {
                try ModelExporter(config)
            }
            let legacy = #expect(throws: ConfigError.self) {
                try Fixture.config(
                    model, "template=qwen2_vl", "export_dir=\(target)", "export_legacy_format=true", purpose: .export)
            }
            #expect(legacy.map { "\($0)".contains("pickles") } == true)
            #expect(throws: ConfigError.self) { try Fixture.config(model, "template=qwen2_vl", purpose: .export) }
        }
    }

    @Test("The Ollama Modelfile is LLaMA-Factory's")
    func modelfile() throws {
        let golden: [String: String] = try {
            let text = try String(contentsOfFile: Fixture.own("modelfiles"), encoding: .utf8)
            let members = try JSONValue(parsing: text).members ?? []
            return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value.stringValue ?? "") })
        }()
        let folders = ["qwen2_vl": "qwen2.5-vl", "llama3": "llama3"]
        let tokenizers = try Dictionary(
            uniqueKeysWithValues: ["qwen2", "qwen2.5-vl", "llama3"].map {
                ($0, try Tokenizer(folder: Fixture.model($0)))
            })
        for name in golden.keys {
            let template = try TemplateCatalog.template(named: name)
            var tokenizer = try #require(tokenizers[folders[name] ?? "qwen2"])
            try template.fit(&tokenizer)
            let made = OllamaModelfile.text(template, tokenizer).replacingOccurrences(
                of: "by anneal\n", with: "by llamafactory\n")
            // The reference takes the stop words from a set: their order is chance.
            #expect(made.split(separator: "\n").sorted() == golden[name]?.split(separator: "\n").sorted(), "\(name)")
            if template.stopIDs(tokenizer: tokenizer).count < 2 { #expect(made == golden[name]) }
        }
        // The reference has none for templates that name tokens.
        #expect(
            Set(TemplateCatalog.all.map(\.name)).subtracting(golden.keys)
                == ["chatglm3", "hy_dense_1_8b", "hy_dense_7b", "moss_vl", "yuan"])
    }
}
