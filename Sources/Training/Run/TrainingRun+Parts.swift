import Basics
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
    /// Everything the trainer is made of.
    func trainerParts(
        _ model: LanguageModel, _ adapter: AdapterConfig?, _ data: TrainingData, _ plan: StepPlan,
        _ count: ParameterCount,
        resume: ResumePointState?
    ) throws -> TrainerParts {
        let training = config.training
        let settings = TrainerSettings(config, plan: plan)
        let execution = try executionPlan(data, plan, count, trainsWeights: adapter == nil)
        let options = ForwardOptions(compute: compute, recompute: execution.recompute)
        let order = SampleOrder(
            count: data.train.count, seed: training.orderSeed, isShuffled: !config.tuning.disableShuffling)
        let reference = ReferencePlan(
            config, modelFolder: modelFolder, numSamples: plan.numSamples,
            numVisits: plan.totalUpdates * plan.samplesPerUpdate)
        if let line = reference.line { print(line) }
        let work = try stageWork(
            model, data, plan, order, reference, options: options, packTokens: execution.packTokens)
        var adam = AdamW.Settings()
        adam.beta1 = training.adamBeta1
        adam.beta2 = training.adamBeta2
        adam.epsilon = training.adamEpsilon
        adam.weightDecay = training.weightDecay
        var tokenizer = tokenizer
        tokenizer.chatTemplate = try encoder().chatTemplate()
        let folder = ModelFolder(
            base: modelFolder, adapter: adapter, tokenizer: tokenizer, defaults: inferenceDefaults)
        let events =
            group.isFirst && training.trackers.contains("tensorboard")
            ? try EventFile(
                folder: training.loggingDir ?? EventFile.defaultFolder(outputFolder: training.outputDir),
                purgeStep: resume.map { $0.state.globalStep + 1 })
            : nil
        return TrainerParts(
            model: model, objective: work.objective, practice: work.practice,
            optimizer: AdamW(optimizedParameters(model), settings: adam),
            schedule: try Schedule(
                kind: training.lrSchedulerType, peak: training.learningRate,
                warmupSteps: training.warmupSteps(of: scheduledSteps(plan)),
                totalSteps: scheduledSteps(plan), kwargs: training.lrSchedulerKwargs ?? [:]),
            settings: settings, options: options, packTokens: execution.packTokens, group: group, builder: work.builder,
            evaluations: zip(data.evaluations, work.evaluations).map { ($0.name, $1) },
            loader: { cursor in
                switch (rolloutPlan, data.train as? StreamedSamples) {
                case (let rollouts?, let streamed?):
                    return StreamedRolloutLoader(streamed, plan: rollouts, cursor: cursor)
                case (let rollouts?, nil): return try RolloutLoader(order: order, plan: rollouts, cursor: cursor)
                case (nil, let streamed?):
                    return StreamLoader(
                        streamed, batchSize: plan.batchSize, accumulation: plan.accumulation, cursor: cursor)
                case (nil, nil): break
                }
                return try BatchLoader(
                    order: order, batchSize: plan.batchSize, accumulation: plan.accumulation,
                    share: BatchShare(index: group.rank, count: group.size), cursor: cursor)
            },
            saver: CheckpointSaver(
                outputFolder: training.outputDir, folder: folder, card: modelCard(adapter),
                savesOnlyModel: training.saveOnlyModel,
                totalLimit: training.saveTotalLimit, trainsWeights: adapter == nil),
            console: RunConsole(
                log: group.isFirst
                    ? try TrainerLog(
                        folder: training.outputDir, totalSteps: plan.totalUpdates,
                        resumeStep: resume?.state.globalStep)
                    : nil,
                events: events, hidesBar: training.disableTqdm ?? false))
    }

    /// How the steps fit into memory, said on standard output.
    private func executionPlan(_ data: TrainingData, _ plan: StepPlan, _ count: ParameterCount, trainsWeights: Bool)
        throws -> ExecutionPlan
    {
        let memory = MemoryPlan(
            modelConfig, parameters: count, compute: compute, trainsWeights: trainsWeights,
            quantization: try quantizationPlan)
        let tokens = data.train.tokenCounts(), longest = max(1, tokens.longest)
        let mean = Double(tokens.total) / Double(max(1, data.train.count))
        let execution = ExecutionPlan(
            memory, longest: longest + (config.tuning.stage.writesAnswers ? longestAnswer : 0),
            stepTokens: Int(mean * Double(plan.batchSize * plan.accumulation) * 1.5) + longest,
            mayRecompute: !config.model.disableGradientCheckpointing,
            // The CPU's memory is for all processes of the machine.
            budgetBytes: MemoryPlan.budgetBytes / (Device.current.isCPU ? group.localSize : 1))
        print(
            "Packs of up to \(execution.packTokens) tokens, \(execution.recompute ? "layers recomputed in the backward pass" : "no recomputation"), about \(memory.peakBytes(tokens: execution.packTokens, recompute: execution.recompute).byteText) at the peak."
        )
        return execution
    }

    /// What a stage learns from and what it minimises.
    private struct StageWork {
        var objective: any Objective
        var practice: (any PracticeStep)?
        var builder: any StepBuilding
        var evaluations: [any StepBuilding] = []
    }

    private func stageWork(
        _ model: LanguageModel, _ data: TrainingData, _ plan: StepPlan, _ order: SampleOrder,
        _ reference: ReferencePlan,
        options: ForwardOptions, packTokens: Int
    ) throws -> StageWork {
        let media = try mediaSettings(), stage = config.tuning.stage
        if stage.writesAnswers {
            let prompts = PromptBuilder(examples: data.train, vision: modelConfig.vision, media: media)
            let evaluations = data.evaluations.map {
                PromptBuilder(examples: $0.examples, vision: modelConfig.vision, media: media)
            }
            switch stage {
            case .ppo:
                let (objective, practice) = try proximal(model, prompts, reference, packTokens: packTokens)
                return StageWork(
                    objective: objective, practice: practice, builder: prompts, evaluations: evaluations)
            case .gkd:
                return StageWork(
                    objective: try distillation(model, prompts, packTokens: packTokens), builder: prompts,
                    evaluations: evaluations)
            default:
                return StageWork(
                    objective: try reinforcement(model, prompts, reference, packTokens: packTokens), builder: prompts,
                    evaluations: evaluations)
            }
        }
        if stage.purpose.comparesAnswers {
            var builders = ([data.train] + data.evaluations.map(\.examples)).map {
                PreferenceBuilder(
                    examples: $0 as? [TrainingExample] ?? [], vision: modelConfig.vision, media: media,
                    packTokens: packTokens, keepsBatches: keepsBatches)
            }
            if reference.precomputes {
                let numVisits = plan.totalUpdates * plan.samplesPerUpdate
                let seen = Array(order.indices(epoch: 0).prefix(numVisits))
                let tables = try precompute(reference, model, builders: builders, seen: seen, options: options)
                for index in builders.indices { builders[index].references = tables[index] }
            }
            return StageWork(
                objective: objective(reference), builder: builders[0], evaluations: Array(builders.dropFirst()))
        }
        // What tokenized_path holds may have been packed to another length.
        let isText = stage == .pt
        let padding = BatchPadding(
            stagePT: isText,
            filledLength: config.packsSamples && !isText && config.data.tokenizedPath == nil ? config.data.cutoffLen : 0
        )
        func builder(_ examples: any SampleSource, _ normalization: LossNormalization) -> StepBuilder {
            StepBuilder(
                examples: examples, vision: modelConfig.vision, media: media,
                normalization: modelConfig.vision == nil ? normalization : .meanOfBatches, packTokens: packTokens,
                padding: padding, weighsSamples: isText)
        }
        return StageWork(
            objective: objective(reference), builder: builder(data.train, .labelsOfStep),
            evaluations: data.evaluations.map { builder($0.examples, .labelsOfBatches) })
    }

    private func modelCard(_ adapter: AdapterConfig?) -> ModelCard {
        let training = config.training
        var card = ModelCard(
            library: adapter == nil ? .transformers : .peft,
            modelName: URL(fileURLWithPath: training.outputDir).lastPathComponent,
            baseModel: modelFolder, finetuningType: adapter == nil ? "full" : "lora")
        card.datasets = config.data.dataset ?? []
        card.hyperparameters = [
            .init("learning_rate", "\(training.learningRate)"),
            .init("train_batch_size", "\(training.perDeviceTrainBatchSize)"),
            .init("eval_batch_size", "\(training.perDeviceEvalBatchSize)"), .init("seed", "\(training.seed)"),
            .init("gradient_accumulation_steps", "\(training.gradientAccumulationSteps)"),
            .init(
                "total_train_batch_size",
                "\(training.perDeviceTrainBatchSize * training.gradientAccumulationSteps * group.size)"),
            .init(
                "optimizer",
                "AdamW with betas=(\(training.adamBeta1),\(training.adamBeta2)) and epsilon=\(training.adamEpsilon)"),
            .init("lr_scheduler_type", training.lrSchedulerType.rawValue),
            .init("num_epochs", "\(training.numTrainEpochs)"),
        ]
        card.frameworkVersions = [.init("Anneal", Program.version), .init("LibTorch", Runtime.version)]
        return card
    }
}
