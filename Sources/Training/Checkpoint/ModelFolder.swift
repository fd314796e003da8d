import Foundation
public import Models
public import Prompting
import Torch

/// What goes into every folder that holds a model: weights or adapter, tokenizer, chat template, processor, and the
/// settings it was trained with.
public struct ModelFolder: Sendable {
    /// The folder of the model that was tuned.
    public let base: String
    /// Present when an adapter is trained.
    public let adapter: AdapterConfig?
    /// With the end of sequence, the special tokens and the chat template that the model was trained with.
    public let tokenizer: Tokenizer
    public let defaults: InferenceDefaults
    /// Largest weight file.
    public let maxShardBytes: Int

    public init(
        base: String, adapter: AdapterConfig?, tokenizer: Tokenizer, defaults: InferenceDefaults,
        maxShardBytes: Int = 5_000_000_000
    ) {
        self.base = base
        self.adapter = adapter
        self.tokenizer = tokenizer
        self.defaults = defaults
        self.maxShardBytes = maxShardBytes
    }

    /// Files a model folder hands on unchanged.
    static let copiedFiles = [
        "vocab.json", "merges.txt", "preprocessor_config.json", "processor_config.json",
        "video_preprocessor_config.json",
    ]

    /// Writes everything but run files into `folder`.
    public func write(_ model: LanguageModel, to folder: String) throws {
        if let adapter {
            try SafetensorsWriter.write(model.loraTensors(), to: "\(folder)/adapter_model.safetensors")
            try adapter.json().write(to: URL(fileURLWithPath: "\(folder)/adapter_config.json"), options: .atomic)
        } else {
            try SafetensorsWriter.writeModel(
                model.namedWeights(), as: model.config.dtype, folder: folder, maxShardBytes: maxShardBytes)
            try copy(["config.json", "generation_config.json"], to: folder)
        }
        try model.valueHead?.write(folder: folder)
        try copy(Self.copiedFiles, to: folder)
        try tokenizer.save(to: URL(fileURLWithPath: folder))
        try defaults.write(to: folder)
    }

    private func copy(_ names: [String], to folder: String) throws {
        for name in names {
            guard let data = FileManager.default.contents(atPath: "\(base)/\(name)") else { continue }
            try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)"), options: .atomic)
        }
    }
}
