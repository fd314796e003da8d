import Foundation
import Models
import NN
import RunConfig
import Torch

extension TrainingRun {
    var compute: DType { config.training.bf16 ? .bfloat16 : .float32 }

    /// What is quantized as it is loaded.
    var quantizationPlan: QuantizationPlan? {
        get throws {
            try config.quantization(bits: config.model.quantizationBit).map {
                QuantizationPlan($0, model: LanguageModel(modelConfig))
            }
        }
    }

    var frozenGroups: FrozenGroups {
        FrozenGroups(
            visionTower: config.tuning.freezeVisionTower, projector: config.tuning.freezeMultiModalProjector,
            languageModel: config.tuning.freezeLanguageModel)
    }

    /// Loads the weights, attaches or loads the adapter, and marks what is trained. Returns the adapter's configuration.
    func prepareModel(_ model: LanguageModel, resume: ResumePointState?) throws -> AdapterConfig? {
        switch config.tuning.finetuningType {
        case .lora: return try prepareLoRA(model, resume: resume)
        default:
            guard config.model.adapterNameOrPath == nil else {
                throw TrainingError("adapter_name_or_path works only with finetuning_type lora")
            }
            try markFull(model)
            return nil
        }
    }

    private func prepareLoRA(_ model: LanguageModel, resume: ResumePointState?) throws -> AdapterConfig {
        var adapters = config.model.adapterNameOrPath ?? []
        var continued: String?
        if !config.tuning.createNewAdapter { continued = adapters.popLast() }
        for adapter in adapters {
            try model.loadLoRA(folder: adapter)
            try scope("merging \(adapter)") { model.mergeLoRA() }
        }
        if !adapters.isEmpty { print("Merged \(adapters.count) adapter(s).") }
        var adapter: AdapterConfig
        if let folder = resume?.folder ?? continued {
            adapter = try scope("loading the adapter") { try model.loadLoRA(folder: folder) }
            if resume == nil { print("Loaded adapter(s): \(folder)") }
            adapter.baseModel = modelFolder
        } else {
            let targets = try model.loraTargets(config.tuning.loraTarget, frozen: frozenGroups)
            adapter = AdapterConfig(
                baseModel: modelFolder, rank: config.tuning.loraRank, alpha: Double(config.tuning.effectiveLoraAlpha),
                dropout: config.tuning.loraDropout, targets: targets)
            try scope("attaching the adapter") { try model.attachLoRA(adapter) }
        }
        for (_, layer) in model.loraLayers {
            layer.a.makeTrainable()
            layer.b.makeTrainable()
        }
        return adapter
    }

    /// Marks every parameter outside the frozen groups.
    private func markFull(_ model: LanguageModel) throws {
        var count = 0
        for (path, parameter) in model.parameters() where model.vision == nil || !frozenGroups.contains(path) {
            parameter.makeTrainable()
            count += 1
        }
        guard count > 0 else {
            throw TrainingError("every part of the model is frozen; set one of the freeze_* settings to false")
        }
    }

    /// Parameters of the optimizer in model order; biases and norms do not decay (transformers' get_decay_parameter_names).
    func optimizedParameters(_ model: LanguageModel) -> [(name: String, tensor: Tensor, decays: Bool)] {
        let all = model.parameters() + (model.valueHead?.parameters(prefix: "v_head.") ?? [])
        return all.filter(\.parameter.isTrainable).map { path, parameter in
            let withoutLeaf = path.split(separator: ".").dropLast()
            let isNorm =
                path.contains("layernorm") || path.contains("rmsnorm")
                || withoutLeaf.contains { $0 == "norm" || $0.hasSuffix("_norm") }
            return (path, parameter.value, !(path.contains("bias") || isNorm))
        }
    }
}
