import Basics
import Foundation
public import NN
public import Torch

extension LanguageModel {
    /// The layers that carry an adapter, with their paths.
    public var loraLayers: [(path: String, layer: LoRALinear)] {
        linears().compactMap { path, slot in (slot.layer as? LoRALinear).map { (path, $0) } }
    }

    /// Puts fresh adapters on the layers that `config` names. A without-weights model gets them for counting.
    public func attachLoRA(_ config: AdapterConfig) throws {
        var count = 0
        for (path, slot) in linears() where try config.matches(path) {
            guard let base = slot.layer as? Linear else {
                throw FileError(path, "carries an adapter already; merge it first")
            }
            slot.layer = LoRALinear(
                base, rank: config.rank, alpha: config.alpha, dropout: config.dropout,
                rankStabilized: config.usesRankStabilizedScale)
            count += 1
        }
        guard count > 0 else {
            throw FileError("lora_target", "no layer of the model matches the adapter's targets")
        }
    }

    /// Loads a PEFT adapter folder onto the model and returns its configuration.
    @discardableResult
    public func loadLoRA(folder: String) throws -> AdapterConfig {
        let config = try AdapterConfig(folder: folder)
        let file = try Checkpoint(folder: folder, stem: "adapter_model")
        // Shapes are checked before anything is attached.
        var wanted: [(name: String, path: String, shape: [Int])] = []
        for (path, slot) in linears() where try config.matches(path) {
            let layer = slot.layer
            wanted.append(("\(path).lora_A.weight", path, [config.rank, layer.inFeatures]))
            wanted.append(("\(path).lora_B.weight", path, [layer.outFeatures, config.rank]))
        }
        guard !wanted.isEmpty else {
            throw FileError(
                folder,
                "the adapter's target_modules match no layer of this model; it was made for another base (\(config.baseModel))"
            )
        }
        let names = Dictionary(
            uniqueKeysWithValues: file.names.map { (Self.canonical($0, isVision: vision != nil), $0) })
        for (name, path, shape) in wanted {
            guard let stored = names[name] else {
                throw FileError(
                    folder, "the adapter has no \(name); it was made for another base (\(config.baseModel))")
            }
            guard file.shape(of: stored) == shape else {
                throw FileError(
                    folder,
                    "\(stored) has shape \(file.shape(of: stored) ?? []), this model needs \(shape) at \(path); the adapter was made for another base (\(config.baseModel))"
                )
            }
        }
        let extra = Set(names.keys).subtracting(wanted.map(\.name))
        guard extra.isEmpty else {
            throw FileError(
                folder,
                "the adapter holds \(extra.count) tensors this model has no place for, first \(extra.min() ?? "")")
        }
        try attachLoRA(config)
        for (path, layer) in loraLayers {
            for (part, parameter) in [("lora_A", layer.a), ("lora_B", layer.b)] {
                guard let stored = names["\(path).\(part).weight"], let tensor = file.tensor(stored) else { continue }
                parameter.set(tensor.to(.current, .float32).clone())
            }
        }
        return config
    }

    /// A name of an adapter file as our module path; the layouts of older transformers are recognised.
    private static func canonical(_ name: String, isVision: Bool) -> String {
        var path = name.hasPrefix("base_model.model.") ? String(name.dropFirst("base_model.model.".count)) : name
        path = path.replacingOccurrences(of: ".default.weight", with: ".weight")
        guard isVision else { return path }
        if path.hasPrefix("visual.") { return "model." + path }
        if path.hasPrefix("model.layers.") { return "model.language_model." + path.dropFirst("model.".count) }
        return path
    }

    /// The adapter's tensors under PEFT's names, fp32.
    public func loraTensors() -> [(name: String, tensor: Tensor)] {
        loraLayers.flatMap { path, layer in
            [
                ("base_model.model.\(path).lora_A.weight", layer.a.value.detach().to(.float32)),
                ("base_model.model.\(path).lora_B.weight", layer.b.value.detach().to(.float32)),
            ]
        }
    }

    /// Adds every adapter into its base weight and removes it; beside codes it stays, as in LLaMA-Factory.
    public func mergeLoRA() {
        noGrad {
            for (_, slot) in linears() {
                guard let adapted = slot.layer as? LoRALinear, adapted.base.packed == nil else { continue }
                adapted.base.weight.set(adapted.mergedWeight())
                slot.layer = adapted.base
            }
        }
    }
}
