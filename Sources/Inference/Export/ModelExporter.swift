import Foundation
import Models
import NN
import Prompting
public import RunConfig
import Torch

/// Merges adapters into their base model and writes a folder that transformers, vLLM and Ollama load: LLaMA-Factory's
/// `export`. The folder appears whole or not at all.
public struct ModelExporter: Sendable {
    private let settings: InferenceSettings
    private let parts: ModelParts
    private let target: String
    private let maxShardBytes: Int
    /// The number format of the weights that are written.
    let dtype: DType

    /// Reads and checks everything but the weights.
    public init(_ config: RunConfig) throws {
        guard let target = config.export.exportDir, !target.isEmpty else {
            throw InferenceError("Please specify `export_dir` to save model.")
        }
        settings = try InferenceSettings(config)
        parts = try ModelParts(settings)
        self.target = target
        maxShardBytes = config.export.exportSize * 1_000_000_000
        switch config.model.inferDtype {
        // LLaMA-Factory tries half precision first.
        case .auto: dtype = parts.config.dtype == .float32 ? .bfloat16 : parts.config.dtype
        case .float32: dtype = .float32
        case .float16: dtype = .float16
        case .bfloat16: dtype = .bfloat16
        }
        try Self.check(target, settings.location)
    }

    /// Merges and writes; returns the path of the Modelfile.
    ///
    /// - Parameter log: hears what the user should see.
    @discardableResult
    public func start(log: (String) -> Void = { print($0) }) throws -> String {
        settings.notes.forEach { log("[note] \($0)") }
        parts.warnings.forEach(log)
        let files = FileManager.default
        let parent = URL(fileURLWithPath: target).standardizedFileURL.deletingLastPathComponent()
        let temporary = parent.appendingPathComponent(
            ".\(URL(fileURLWithPath: target).lastPathComponent).\(ProcessInfo.processInfo.processIdentifier).partial"
        ).path
        do {
            try files.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            try writeWeights(to: temporary).forEach(log)
            try writeFiles(to: temporary)
            if files.fileExists(atPath: target) { try files.removeItem(atPath: target) }
            try files.moveItem(atPath: temporary, toPath: target)
        } catch {
            try? files.removeItem(atPath: temporary)
            throw error is CocoaError
                ? InferenceError("export_dir \(target) cannot be written: \(error.localizedDescription)") : error
        }
        log("Convert model dtype to: \(dtype.configName).")
        log("Ollama modelfile saved in \(target)/Modelfile")
        return "\(target)/Modelfile"
    }

    /// Returns what was loaded, for the user.
    private func writeWeights(to folder: String) throws -> [String] {
        let settings = settings, parts = parts, dtype = dtype, maxShardBytes = maxShardBytes
        guard settings.quantization == nil else {
            throw InferenceError(
                "quantization_bit is for training and generation; an exported model has plain weights: remove it")
        }
        // Merging adds in fp32 and rounds once, to the stored format; only a wider target asks for wider weights before it.
        let loaded = dtype == .float32 ? DType.float32 : parts.config.dtype
        return try TensorThread.cpu.run {
            try scope("exporting \(settings.location.modelFolder)") {
                let model = try LanguageModel.load(folder: settings.location.modelFolder, dtype: loaded)
                let messages = try LoadedModel.addAdapters(settings.location, to: model, mergesLast: true)
                let weights = noGrad {
                    model.namedWeights().map { (name: $0.name, tensor: $0.tensor.detach().to(dtype)) }
                }
                try SafetensorsWriter.writeModel(weights, folder: folder, maxShardBytes: maxShardBytes)
                return messages
            }
        }
    }

    private func writeFiles(to folder: String) throws {
        let base = settings.location.modelFolder
        let url = URL(fileURLWithPath: folder)
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: url.appendingPathComponent(name), options: .atomic)
        }
        try write(try ExportedConfig.config(folder: base, dtype: dtype), "config.json")
        if let text = try ExportedConfig.generationConfig(folder: base, parts.config) {
            try write(text, "generation_config.json")
        }
        var tokenizer = parts.tokenizer
        tokenizer.chatTemplate = try ConversationEncoder(
            template: parts.template, tokenizer: tokenizer,
            settings: EncodingSettings(enableThinking: settings.enableThinking)
        ).chatTemplate()
        try tokenizer.save(to: url)
        try ExportedConfig.padLeft(folder: folder)
        for name in [
            "vocab.json", "merges.txt", "preprocessor_config.json", "processor_config.json",
            "video_preprocessor_config.json",
        ] {
            guard let data = FileManager.default.contents(atPath: "\(base)/\(name)") else { continue }
            try data.write(to: url.appendingPathComponent(name), options: .atomic)
        }
        // A reward model's scores: the last adapter's value head, or the model's own.
        let folders = settings.location.adapters.suffix(1) + [base]
        if let head = folders.lazy.compactMap({ FileManager.default.contents(atPath: "\($0)/\(ValueHead.fileName)") })
            .first
        {
            try head.write(to: url.appendingPathComponent(ValueHead.fileName), options: .atomic)
        }
        try settings.defaults(isVision: parts.config.vision != nil).write(to: folder)
        try write(OllamaModelfile.text(parts.template, parts.tokenizer), "Modelfile")
    }

    /// Refuses a folder whose contents would be lost: only an earlier export is replaced.
    private static func check(_ target: String, _ location: ModelLocation) throws {
        func resolved(_ path: String) -> String {
            URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
        }
        for source in [location.modelFolder] + location.adapters {
            let inner = resolved(source), outer = resolved(target)
            guard inner != outer, !inner.hasPrefix(outer + "/") else {
                throw InferenceError("export_dir \(target) is or holds \(source), which is read; choose another folder")
            }
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: target, isDirectory: &isFolder) else { return }
        guard isFolder.boolValue else { throw InferenceError("export_dir \(target) is a file; choose another folder") }
        let contents = (try? FileManager.default.contentsOfDirectory(atPath: target)) ?? []
        guard contents.isEmpty || (contents.contains("Modelfile") && contents.contains("config.json")) else {
            throw InferenceError("export_dir \(target) is not empty and holds no earlier export; choose another folder")
        }
    }
}

extension DType {
    /// As config.json names it.
    var configName: String {
        switch self {
        case .bfloat16: "bfloat16"
        case .float16: "float16"
        default: "float32"
        }
    }
}
