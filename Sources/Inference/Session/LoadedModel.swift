import Foundation
import Models
import Torch

/// Weights with their adapters behind an engine.
struct LoadedModel: Sendable {
    let engine: PagedEngine
    /// The same weights, for forward passes beside the engine.
    let direct: DirectModel
    /// What was loaded, for the user.
    let messages: [String]

    /// - Parameter mergesAdapters: false leaves the last adapter beside the weights.
    init(
        _ location: ModelLocation, dtype: DType, quantization: WeightQuantization?, mergesAdapters: Bool,
        options: EngineOptions
    ) throws {
        (engine, direct, messages) = try TensorThread.cpu.run {
            // An adapter stays as it is beside quantized weights.
            let (model, messages) = try Self.load(
                location, dtype: dtype, mergesAdapters: mergesAdapters && quantization == nil)
            try model.packForGeneration(quantization)
            let engine = try scope("making the cache") { try PagedEngine(model, options: options) }
            return (engine, DirectModel(model), messages)
        }
    }

    /// Weights with their adapters, and what to tell the user; on the tensor thread.
    static func load(_ location: ModelLocation, dtype: DType, mergesAdapters: Bool) throws -> (
        model: LanguageModel, messages: [String]
    ) {
        try scope("loading \(location.modelFolder)") {
            let model = try LanguageModel.load(folder: location.modelFolder, dtype: dtype)
            return (model, try Self.addAdapters(location, to: model, mergesLast: mergesAdapters))
        }
    }

    /// Loads the adapters in order, each merged before the next one comes.
    static func addAdapters(_ location: ModelLocation, to model: LanguageModel, mergesLast: Bool) throws -> [String] {
        guard !location.adapters.isEmpty else { return [] }
        var messages: [String] = []
        var numMerged = 0
        for (index, folder) in location.adapters.enumerated() {
            let config = try model.loadLoRA(folder: folder)
            if let warning = Self.baseWarning(recorded: config.baseModel, base: location.modelFolder, adapter: folder) {
                messages.append(warning)
            }
            if mergesLast || index < location.adapters.count - 1 {
                model.mergeLoRA()
                numMerged += 1
            }
        }
        if numMerged > 0 { messages.append("Merged \(numMerged) adapter(s).") }
        messages.append("Loaded adapter(s): \(location.adapters.joined(separator: ","))")
        return messages
    }

    /// A line for the user when an adapter names another base model than the one it is put on.
    private static func baseWarning(recorded: String, base: String, adapter: String) -> String? {
        func name(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent }
        guard !recorded.isEmpty, name(recorded) != name(base) else { return nil }
        return
            "[warning] \(adapter) was trained on \(recorded); it is put on \(base). The shapes fit, but are these the same weights?"
    }
}
