import Datasets
import Foundation
import JSON
import Models
import NN
import Prompting
import Reporting
import RunConfig
import Torch

extension TrainingRun {
    /// The whole of a run's work on the tensor thread.
    func train(_ data: TrainingData, resume: ResumePointState?) throws -> Outcome {
        let plan = stepPlan(numSamples: data.train.count)
        try resume?.check(plan)
        Runtime.seed(UInt64(config.training.seed))
        let profile =
            config.training.profile
            ? RunProfile(model: modelConfig, compute: compute, outputFolder: config.training.outputDir) : nil
        let (model, adapter) = try Profiler.phase(.load) {
            let model = try loadModel()
            let adapter = try prepareModel(model, resume: resume)
            try attachValueHead(model, resume: resume)
            return (model, adapter)
        }
        let count = ParameterCount(model)
        print("Fine-tuning method: \(adapter == nil ? "Full" : "LoRA")")
        print(count.line)
        if config.model.printParamStatus {
            for (path, parameter) in model.parameters() {
                let tensor = parameter.tensor, form = tensor.map { "\($0.dtype)" } ?? "quantized"
                print(
                    "name: \(path), dtype: \(form), device: \(tensor?.device ?? .cpu), trainable: \(parameter.isTrainable)"
                )
            }
        }
        try group.checkSameStart(
            optimizedParameters(model).map(\.tensor), [plan.numSamples, plan.totalUpdates, plan.batchSize])
        let (parts, trainer) = try Profiler.phase(.load) {
            let parts = try trainerParts(model, adapter, data, plan, count, resume: resume)
            return (parts, try Trainer(parts, resume: resume))
        }
        for (_, layer) in model.loraLayers { layer.isTraining = parts.objective.usesDropout }
        model.valueHead?.isTraining = parts.objective.usesDropout
        ConsoleText.TrainingHead(
            numExamples: plan.isStreamed ? plan.totalUpdates * plan.samplesPerUpdate : data.train.count,
            numEpochs: plan.isStreamed ? 1 : plan.numEpochs, batchSizePerDevice: plan.batchSize,
            totalBatchSize: plan.samplesPerUpdate,
            gradientAccumulationSteps: config.training.gradientAccumulationSteps,
            totalSteps: plan.totalUpdates, numTrainableParameters: count.trainable
        ).lines.forEach { print($0) }
        defer { trainer.parts.console.finish() }
        profile?.begin(trainer)
        let isFinished = try trainer.run()
        trainer.parts.console.finish()
        guard isFinished else {
            print("Stopped at step \(trainer.state.globalStep); run the same command again to go on from there.")
            if group.isFirst { try profile?.finish(trainer, packTokens: parts.packTokens) }
            return .stopped(step: trainer.state.globalStep)
        }
        try finish(trainer, data, adapter: adapter)
        if let streamed = data.train as? StreamedSamples { print("Streamed: \(streamed.report)") }
        if group.isFirst { try profile?.finish(trainer, packTokens: parts.packTokens) }
        return .finished
    }

    func stepPlan(numSamples: Int) -> StepPlan {
        if let plan = rolloutPlan, !config.data.streaming {
            return StepPlan(
                numSamples: numSamples, batchesPerEpoch: plan.numBatches(numSamples: numSamples),
                batchSize: config.training.perDeviceTrainBatchSize, accumulation: plan.accumulation,
                epochs: config.training.numTrainEpochs,
                maxSteps: config.training.maxSteps)
        }
        if config.data.streaming, config.data.tokenizedPath == nil {
            return StepPlan(
                streamedRows: numSamples, batchSize: config.training.perDeviceTrainBatchSize,
                accumulation: rolloutPlan?.accumulation ?? config.training.gradientAccumulationSteps,
                maxSteps: config.training.maxSteps)
        }
        return StepPlan(
            numSamples: numSamples, batchSize: config.training.perDeviceTrainBatchSize,
            accumulation: config.training.gradientAccumulationSteps, numProcesses: group.size,
            epochs: config.training.numTrainEpochs, maxSteps: config.training.maxSteps)
    }

    private func loadModel() throws -> LanguageModel {
        if config.model.trainFromScratch {
            let model = LanguageModel(modelConfig)
            try scope("drawing random weights") { model.initializeWeights(dtype: compute) }
            return model
        }
        let quantization = try quantizationPlan
        if let quantization { print(quantization.line) }
        let bar = ProgressBar(
            title: "weights", unit: "tensor", total: LanguageModel(modelConfig).parameters().count, delaySeconds: 2)
        defer { bar.finish() }
        return try scope("loading \(modelFolder)") {
            try LanguageModel.load(folder: modelFolder, dtype: compute, quantization: quantization?.code) { done, _ in
                bar.update(step: done)
            }
        }
    }
}
