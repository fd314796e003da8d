import Foundation
import Media
import Prompting
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Inference

struct SettingsTests {
    /// An adapter folder that records what it was trained with.
    private func withAdapter<Result>(base: String? = nil, _ body: (String) throws -> Result) throws -> Result {
        try TemporaryFolder.with { folder in
            let adapter = "\(folder)/adapter"
            try FileManager.default.copyItem(atPath: Fixture.adapter("qwen2.5-vl"), toPath: adapter)
            var defaults = InferenceDefaults()
            defaults.template = "qwen2_vl"
            defaults.defaultSystem = "只回答满足要求或不满足要求。"
            defaults.cutoffLen = 512
            defaults.enableThinking = false
            (defaults.imageMinPixels, defaults.imageMaxPixels) = (784, 50_176)
            (defaults.temperature, defaults.topK, defaults.maxNewTokens) = (0.25, 5, 33)
            defaults.baseModel = base ?? Fixture.model("qwen2.5-vl")
            try defaults.write(to: adapter)
            return try body(adapter)
        }
    }

    @Test("An adapter folder alone brings its base, template, system text, cutoff, pixel limits and sampling")
    func defaults() throws {
        try withAdapter { adapter in
            let settings = try InferenceSettings(Fixture.config(adapter))
            #expect(settings.location == ModelLocation(modelFolder: Fixture.model("qwen2.5-vl"), adapters: [adapter]))
            #expect(settings.template == "qwen2_vl")
            #expect(settings.defaultSystem == "只回答满足要求或不满足要求。")
            #expect(settings.cutoffLength == 512)
            #expect(settings.enableThinking == false)
            #expect(settings.imageLimits == PixelLimits(minPixels: 784, maxPixels: 50_176))
            #expect(settings.videoLimits == .video)
            var sampling = SamplingSettings()
            (sampling.temperature, sampling.topK, sampling.maxNewTokens) = (0.25, 5, 33)
            #expect(settings.sampling == sampling)
            let saved = settings.defaults(isVision: true)
            #expect([saved.temperature, saved.topP] == [0.25, 0.7])
            #expect([saved.topK, saved.maxNewTokens] == [5, 33])
            #expect(settings.notes.isEmpty)
            let session = try InferenceSession(settings)
            let (prompt, _) = try session.prompt(Conversation(messages: [Message(.user, "?")]))
            #expect(session.tokenizer.decode(prompt.tokenIDs).hasPrefix("<|im_start|>system\n只回答满足要求或不满足要求。<|im_end|>"))
        }
    }

    @Test("Whatever the user overrides is said in one line")
    func overrides() throws {
        try withAdapter { adapter in
            let settings = try InferenceSettings(
                Fixture.config(adapter, "template=qwen", "cutoff_len=512", "image_max_pixels=40000", "temperature=0.9"))
            #expect(settings.sampling.temperature == 0.9)
            #expect(settings.template == "qwen")
            #expect(
                settings.notes == [
                    "template: qwen (the adapter records qwen2_vl)",
                    "image_max_pixels: 40000 (the adapter records 50176)",
                    "temperature: 0.9 (the adapter records 0.25)",
                ])
        }
    }

    @Test("Number formats: automatic by the weights, or as given")
    func dtype() throws {
        let model = Fixture.model("qwen2")
        let auto = try InferenceSettings(Fixture.config(model, "template=qwen"))
        #expect(try auto.compute(stored: .float32) == .float32)
        #expect(try auto.compute(stored: .bfloat16) == .bfloat16)
        #expect(try auto.compute(stored: .float16) == .float32)
        #expect(
            try InferenceSettings(Fixture.config(model, "template=qwen", "infer_dtype=bfloat16")).compute(
                stored: .float32) == .bfloat16)
        #expect(
            throws: InferenceError("infer_dtype float16 is not supported on the CPU; use auto, bfloat16 or float32")
        ) {
            try InferenceSettings(Fixture.config(model, "template=qwen", "infer_dtype=float16")).compute(
                stored: .float32)
        }
        #expect(auto.enableThinking == true, "LLaMA-Factory's default, not null")
        #expect(
            try InferenceSettings(Fixture.config(model, "template=qwen", "enable_thinking=null")).enableThinking == nil)
        // bf16 answers, too.
        let session = try Fixture.session(model, "template=qwen", "infer_dtype=bfloat16")
        let (prompt, _) = try Fixture.golden("qwen2", case: "short")
        #expect(try session.complete([prompt], sampling: .greedy(maxNewTokens: 4), stopIDs: [])[0].tokenIDs.count == 4)
    }

    @Test("What does not fit together is refused with the remedy")
    func errors() throws {
        func message(_ arguments: String...) -> String {
            do {
                let config = try RunConfig.load(modelArguments: arguments, purpose: .inference)
                _ = try InferenceSession(InferenceSettings(config))
                return "no error"
            } catch { return "\(error)" }
        }
        let qwen = Fixture.model("qwen2"), vision = Fixture.model("qwen2.5-vl")
        #expect(message("nowhere") == "nowhere: there is no such folder; give a model folder or an adapter folder")
        #expect(
            message(Fixture.data)
                == "\(Fixture.data) is no model folder (no config.json) and no adapter folder (no adapter_config.json)")
        // A model's own chat template serves where none is named; without either the user has to say.
        let bare = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: bare, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: bare) }
        for name in ["config.json", "tokenizer.json"] {
            try FileManager.default.copyItem(atPath: "\(qwen)/\(name)", toPath: "\(bare)/\(name)")
        }
        #expect(
            try ModelParts(InferenceSettings(Fixture.config(qwen))).warnings == [
                "template: taken from the chat template of \(qwen)"
            ])
        #expect(
            message(bare)
                == "template is missing, and \(bare) does not record one: name the prompt template of the model, for example template=qwen (anneal template list shows all)"
        )
        #expect(
            message(qwen, "template=qwen2_vl").hasSuffix(
                "is for vision-language models, \(qwen) is a qwen2 model; choose its template"))
        // The fixture's vocabulary has rows to spare for the template's tokens: said, not refused.
        let parts = try ModelParts(InferenceSettings(Fixture.config(qwen, "template=llama3")))
        #expect(
            parts.warnings == [
                "[warning] template llama3 needs 2 tokens that the tokenizer of \(qwen) lacks; is it the template of this model?"
            ])
        #expect(
            message(qwen, "template=qwen", "adapter_name_or_path=\(Fixture.adapter("llama3"))").contains(
                "the adapter was made for another base"))
        #expect(
            message(qwen, "template=qwen", "adapter_name_or_path=\(Fixture.adapter("qwen2.5-vl"))").contains(
                "made for another base"))
        try withAdapter(base: "/gone/model") { adapter in
            #expect(
                message(adapter)
                    == "\(adapter) is an adapter, and its base model /gone/model is not here; add model_name_or_path=FOLDER"
            )
            #expect(message("adapter_name_or_path=\(adapter)", "model_name_or_path=\(vision)") == "no error")
        }
        #expect(
            message("model_name_or_path=\(Fixture.adapter("qwen2"))")
                == "model_name_or_path \(Fixture.adapter("qwen2")) is an adapter: name its base model there, and put the adapter into adapter_name_or_path"
        )
        #expect(message("temprature=1", "model_name_or_path=\(qwen)").contains("did you mean `temperature`?"))
    }
}
