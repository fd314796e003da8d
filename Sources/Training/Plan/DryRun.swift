import Basics
import Datasets
import Foundation
import Models
import NN
public import RunConfig
import Torch

/// `anneal train --dry-run`: what a run would do, from config.json and the data alone.
public enum DryRun {
    /// Lines to show. Needs no weights; without data or tokenizer the steps are left out and the reason is said.
    public static func lines(_ config: RunConfig) throws -> [String] {
        guard let folder = config.model.modelNameOrPath else { throw TrainingError("model_name_or_path is missing") }
        let modelConfig = try ModelConfig(folder: folder)
        try config.chooseDevice()
        let isLoRA = config.tuning.finetuningType == .lora
        var lines = ["Model: \(folder) (\(modelConfig.modelType))", "Fine-tuning method: \(isLoRA ? "LoRA" : "Full")"]
        let (modules, count, memory, quantization) = try memoryPlan(config, modelConfig)
        if let modules { lines.append("Found linear modules: \(modules)") }
        if let quantization { lines.append(quantization.line) }
        lines.append(count.line)
        lines += try dataLines(config, memory)
        return lines
    }

    /// What a run trains and needs, from the model's configuration alone.
    static func memoryPlan(_ config: RunConfig, _ modelConfig: ModelConfig) throws
        -> (modules: String?, count: ParameterCount, memory: MemoryPlan, quantization: QuantizationPlan?)
    {
        let folder = config.model.modelNameOrPath ?? ""
        var modules: String?
        let model = LanguageModel(modelConfig)
        let quantization = try config.quantization(bits: config.model.quantizationBit).map {
            QuantizationPlan($0, model: model)
        }
        let frozen = FrozenGroups(
            visionTower: config.tuning.freezeVisionTower, projector: config.tuning.freezeMultiModalProjector,
            languageModel: config.tuning.freezeLanguageModel)
        let isLoRA = config.tuning.finetuningType == .lora
        if isLoRA {
            let targets = try model.loraTargets(config.tuning.loraTarget, frozen: frozen)
            let adapter = AdapterConfig(
                baseModel: folder, rank: config.tuning.loraRank, alpha: Double(config.tuning.effectiveLoraAlpha),
                dropout: config.tuning.loraDropout,
                targets: targets)
            try model.attachLoRA(adapter)
            for (_, layer) in model.loraLayers {
                layer.a.makeTrainable()
                layer.b.makeTrainable()
            }
            modules = LanguageModel.leafNames(model.loraLayers.map(\.path)).joined(separator: ",")
        } else {
            for (path, parameter) in model.parameters() where modelConfig.vision == nil || !frozen.contains(path) {
                parameter.makeTrainable()
            }
        }
        let count = ParameterCount(model)
        let compute: DType = config.training.bf16 ? .bfloat16 : .float32
        let memory = MemoryPlan(
            modelConfig, parameters: count, compute: compute, trainsWeights: !isLoRA, quantization: quantization)
        return (modules, count, memory, quantization)
    }

    private static func dataLines(_ config: RunConfig, _ memory: MemoryPlan) throws -> [String] {
        let fixed =
            "Memory: weights \(memory.weightBytes.byteText), gradients and optimizer \(memory.optimizerBytes.byteText), logits \(memory.logitBytes.byteText), \(memory.activationBytesPerToken.byteText) a token (\(memory.recomputedBytesPerToken.byteText) with recomputation)"
        let run: TrainingRun
        do { run = try TrainingRun(config) } catch { return ["Steps: unknown, \(error)", fixed] }
        let data: TrainingData
        do { data = try run.loadData(waits: true) } catch { return ["Steps: unknown, \(error)", fixed] }
        let plan = run.stepPlan(numSamples: data.train.count)
        let (longest, tokens) = data.train.tokenCounts()
        let stepTokens = Int(
            Double(tokens) / Double(max(1, data.train.count)) * Double(plan.batchSize * plan.accumulation))
        let execution = ExecutionPlan(
            memory, longest: longest, stepTokens: stepTokens, mayRecompute: !config.model.disableGradientCheckpointing)
        return [
            data.report.description, data.notes.joined(separator: "\n"),
            plan.isStreamed
                ? "Samples: streamed, their number is not known; counts are those of the first \(data.train.count)"
                : "Samples: \(data.train.count.grouped) to train on, \(data.evaluations.reduce(0) { $0 + $1.examples.count }.grouped) to evaluate on",
            "Total optimization steps: \(plan.totalUpdates.grouped) (\(plan.updatesByFloorRule(epochs: config.training.numTrainEpochs).grouped) by the rounding rule of transformers before 4.52)",
            "Tokens: \(tokens.grouped) an epoch, longest sample \(longest.grouped), about \(stepTokens.grouped) a step",
            fixed,
            "Peak estimate: \(memory.peakBytes(tokens: execution.packTokens, recompute: execution.recompute).byteText) with packs of \(execution.packTokens.grouped) tokens\(execution.recompute ? " and recomputation" : ""); \(Device.current.isCPU ? "this machine" : "\(Device.current) (\(Device.current.name))") has \((Device.current.memory?.total ?? MemoryPlan.machineBytes).byteText)",
        ]
    }
}
