import Foundation
import Models
import NN
import RunConfig
import Testing
import Torch

@testable import Training

/// A step's loss and gradients do not depend on how its samples are packed, nor on recomputation.
struct PackTests {
    private struct Outcome {
        let loss: Double
        let gradients: [[Float]]
        let numPacks: Int
    }

    private func outcome(
        _ model: LanguageModel, _ run: TrainingRun, _ data: TrainingData, packTokens: Int,
        _ normalization: LossNormalization,
        recompute: Bool = false
    ) throws -> Outcome {
        let builder = StepBuilder(
            examples: data.train, vision: model.config.vision, media: try run.mediaSettings(),
            normalization: normalization,
            packTokens: packTokens)
        let step = try builder.build([[0, 1], [2], [3, 4, 5]])
        Runtime.seed(11)
        var loss = 0.0
        try scope {
            for pack in step.packs {
                let result = SupervisedFineTuning().loss(
                    of: pack, model: model, options: ForwardOptions(compute: .float32, recompute: recompute))
                result.backward()
                loss += result.value
            }
        }
        let parameters = model.loraLayers.flatMap { [$0.layer.a, $0.layer.b] }
        let gradients = parameters.map { $0.value.grad?.array(Float.self) ?? [] }
        parameters.forEach { $0.value.clearGrad() }
        return Outcome(loss: loss, gradients: gradients, numPacks: step.packs.count)
    }

    private func prepared(_ name: String) throws -> (TrainingRun, TrainingData) {
        let overrides =
            RunSettings.lora(model: name, output: "unused") + [
                "adapter_name_or_path=\(Place.fixtures)/adapters/\(name)"
            ]
        let run = try TrainingRun(RunConfig.load(file: nil, overrides: overrides))
        return (run, try run.loadData())
    }

    @Test(arguments: ["qwen2", "qwen2.5-vl"], [LossNormalization.labelsOfStep, .meanOfBatches])
    func `one pack, several packs and a pack for every sample give the same step`(
        _ name: String, _ normalization: LossNormalization
    ) throws {
        let (run, data) = try prepared(name)
        try TensorThread.cpu.run {
            let model = try LanguageModel.load(folder: "\(Place.models)/\(name)", dtype: .float32)
            _ = try run.prepareModel(model, resume: nil)
            let whole = try outcome(model, run, data, packTokens: 1 << 20, normalization)
            let numTokens = (0..<6).map(data.train.numTokens)
            #expect(whole.numPacks == 1 && whole.gradients.allSatisfy { !$0.isEmpty })
            for packTokens in [1, numTokens.reduce(0, +) / 2] {
                let parts = try outcome(model, run, data, packTokens: packTokens, normalization)
                #expect(packTokens == 1 ? parts.numPacks == 6 : parts.numPacks > 1)
                #expect(relativeDifference(parts.loss, whole.loss) < 1e-6)
                for (a, b) in zip(parts.gradients, whole.gradients) {
                    let size = b.map(abs).max() ?? 0
                    #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * max(size, 1e-3) })
                }
            }
        }
    }

    @Test(arguments: ["qwen2", "qwen2.5-vl"])
    func `recomputation with adapter dropout gives the same bits`(_ name: String) throws {
        let (run, data) = try prepared(name)
        try TensorThread.cpu.run {
            let model = try LanguageModel.load(folder: "\(Place.models)/\(name)", dtype: .float32)
            try model.attachLoRA(
                AdapterConfig(baseModel: "", rank: 2, alpha: 4, dropout: 0.3, targets: .names(["q_proj", "down_proj"])))
            Runtime.seed(12)
            for (_, layer) in model.loraLayers {
                layer.b.value.fillNormal()
                layer.a.makeTrainable()
                layer.b.makeTrainable()
                layer.isTraining = true
            }
            let plain = try outcome(model, run, data, packTokens: 200, .labelsOfStep)
            let again = try outcome(model, run, data, packTokens: 200, .labelsOfStep, recompute: true)
            #expect(plain.loss == again.loss && plain.numPacks > 1)
            #expect(plain.gradients == again.gradients)
        }
    }

    @Test(arguments: [
        (22, 1, 4, 2.0, -1, 12, 2), (22, 2, 3, 2.0, -1, 8, 2), (22, 1, 4, 1.5, -1, 9, 2), (5, 8, 1, 3.0, 4, 4, 4),
        (7, 2, 2, 1.0, 3, 3, 2),
    ])
    func `an incomplete accumulation is an update too`(
        _ samples: Int, _ batch: Int, _ accumulation: Int, _ epochs: Double, _ maxSteps: Int, _ updates: Int,
        _ begun: Int
    ) {
        let plan = StepPlan(
            numSamples: samples, batchSize: batch, accumulation: accumulation, epochs: epochs, maxSteps: maxSteps)
        #expect(plan.totalUpdates == updates && plan.numEpochs == begun)
    }
}
