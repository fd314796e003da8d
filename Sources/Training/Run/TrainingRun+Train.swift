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
                print(
                    "name: \(path), dtype: \(parameter.value.dtype), device: \(parameter.value.device), trainable: \(parameter.isTrainable)"
                )
            }
        }
        let (parts, trainer) = try Profiler.phase(.load) {
            let parts = try trainerParts(model, adapter, data, plan, count, resume: resume)
            return (parts, try Trainer(parts, resume: resume))
        }
        for (_, layer) in model.loraLayers { layer.isTraining = parts.objective.usesDropout }
        model.valueHead?.isTraining = parts.objective.usesDropout
        ConsoleText.TrainingHead(
            numExamples: plan.isStreamed ? plan.totalUpdates * plan.batchSize * plan.accumulation : data.train.count,
            numEpochs: plan.isStreamed ? 1 : plan.numEpochs, batchSizePerDevice: plan.batchSize,
            totalBatchSize: plan.batchSize * plan.accumulation,
            gradientAccumulationSteps: config.training.gradientAccumulationSteps,
            totalSteps: plan.totalUpdates, numTrainableParameters: count.trainable
        ).lines.forEach { print($0) }
        defer { trainer.console.finish() }
        profile?.begin(trainer)
        let isFinished = try trainer.run()
        trainer.console.finish()
        guard isFinished else {
            print("Stopped at step \(trainer.state.globalStep); run the same command again to go on from there.")
            try profile?.finish(trainer, packTokens: parts.packTokens)
            return .stopped(step: trainer.state.globalStep)
        }
        try finish(trainer, data, adapter: adapter)
        if let streamed = data.train as? StreamedSamples { print("Streamed: \(streamed.report)") }
        try profile?.finish(trainer, packTokens: parts.packTokens)
        return .finished
    }

    func stepPlan(numSamples: Int) -> StepPlan {
        if let plan = rolloutPlan {
            return StepPlan(
                numSamples: numSamples, batchesPerEpoch: plan.numBatches(numSamples: numSamples),
                batchSize: config.training.perDeviceTrainBatchSize, accumulation: plan.accumulation,
                epochs: config.training.numTrainEpochs,
                maxSteps: config.training.maxSteps)
        }
        if config.data.streaming, config.data.tokenizedPath == nil {
            return StepPlan(
                streamedRows: numSamples, batchSize: config.training.perDeviceTrainBatchSize,
                accumulation: config.training.gradientAccumulationSteps, maxSteps: config.training.maxSteps)
        }
        return StepPlan(
            numSamples: numSamples, batchSize: config.training.perDeviceTrainBatchSize,
            accumulation: config.training.gradientAccumulationSteps, epochs: config.training.numTrainEpochs,
            maxSteps: config.training.maxSteps)
    }

    private func loadModel() throws -> LanguageModel {
        if config.model.trainFromScratch {
            let model = LanguageModel(modelConfig)
            try scope("drawing random weights") { model.initializeWeights(dtype: compute) }
            return model
        }
        let bar = ProgressBar(
            title: "weights", unit: "tensor", total: LanguageModel(modelConfig).parameters().count, delaySeconds: 2)
        defer { bar.finish() }
        return try scope("loading \(modelFolder)") {
            try LanguageModel.load(folder: modelFolder, dtype: compute) { done, _ in bar.update(step: done) }
        }
    }

    private func trainerParts(
        _ model: LanguageModel, _ adapter: AdapterConfig?, _ data: TrainingData, _ plan: StepPlan,
        _ count: ParameterCount,
        resume: ResumePointState?
    ) throws -> TrainerParts {
        let training = config.training
        let settings = TrainerSettings(config, plan: plan)
        let memory = MemoryPlan(modelConfig, parameters: count, compute: compute, trainsWeights: adapter == nil)
        let tokens = data.train.tokenCounts(), longest = max(1, tokens.longest)
        let mean = Double(tokens.total) / Double(max(1, data.train.count))
        let execution = ExecutionPlan(
            memory, longest: longest + (config.tuning.stage.writesAnswers ? longestAnswer : 0),
            stepTokens: Int(mean * Double(plan.batchSize * plan.accumulation) * 1.5) + longest,
            mayRecompute: !config.model.disableGradientCheckpointing)
        print(
            "Packs of up to \(execution.packTokens) tokens, \(execution.recompute ? "layers recomputed in the backward pass" : "no recomputation"), about \(memory.peakBytes(tokens: execution.packTokens, recompute: execution.recompute) >> 20) MB at the peak."
        )
        let media = try mediaSettings()
        let options = ForwardOptions(compute: compute, recompute: execution.recompute)
        let order = SampleOrder(
            count: data.train.count, seed: training.orderSeed, isShuffled: !config.tuning.disableShuffling)
        let reference = ReferencePlan(
            config, modelFolder: modelFolder, numSamples: plan.numSamples,
            numVisits: plan.totalUpdates * plan.batchSize * plan.accumulation)
        if let line = reference.line { print(line) }
        // What tokenized_path holds may have been packed to another length.
        let isText = config.tuning.stage == .pt
        let padding = BatchPadding(
            stagePT: isText,
            filledLength: config.packsSamples && !isText && config.data.tokenizedPath == nil ? config.data.cutoffLen : 0
        )
        func builder(_ examples: any SampleSource, _ normalization: LossNormalization) -> any StepBuilding {
            StepBuilder(
                examples: examples, vision: modelConfig.vision, media: media, normalization: normalization,
                packTokens: execution.packTokens, padding: padding)
        }
        var builders: [any StepBuilding] = []
        var own: (any Objective)?
        var practice: (any PracticeStep)?
        if config.tuning.stage.writesAnswers {
            let prompts = PromptBuilder(
                examples: data.train as? [TrainingExample] ?? [], vision: modelConfig.vision, media: media)
            builders = [prompts]
            switch config.tuning.stage {
            case .ppo: (own, practice) = try proximal(model, prompts, reference, packTokens: execution.packTokens)
            case .gkd: own = try distillation(model, prompts, packTokens: execution.packTokens)
            default: own = try reinforcement(model, prompts, reference, packTokens: execution.packTokens)
            }
        } else if !config.tuning.stage.purpose.comparesAnswers {
            builders = [builder(data.train, modelConfig.vision == nil ? .labelsOfStep : .meanOfBatches)]
            builders += data.evaluations.map {
                builder($0.examples, modelConfig.vision == nil ? .labelsOfBatches : .meanOfBatches)
            }
        } else {
            var own = ([data.train] + data.evaluations.map(\.examples)).map { $0 as? [TrainingExample] ?? [] }.map {
                PreferenceBuilder(
                    examples: $0, vision: modelConfig.vision, media: media, packTokens: execution.packTokens,
                    keepsBatches: keepsBatches)
            }
            if reference.precomputes {
                let numVisits = plan.totalUpdates * plan.batchSize * plan.accumulation
                let seen = Array(order.indices(epoch: 0).prefix(numVisits))
                let tables = try precompute(reference, model, builders: own, seen: seen, options: options)
                for index in own.indices { own[index].references = tables[index] }
            }
            builders = own
        }
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
            training.trackers.contains("tensorboard")
            ? try EventFile(
                folder: training.loggingDir ?? EventFile.defaultFolder(outputFolder: training.outputDir),
                purgeStep: resume.map { $0.state.globalStep + 1 })
            : nil
        return TrainerParts(
            model: model, objective: own ?? objective(reference), practice: practice,
            optimizer: AdamW(optimizedParameters(model), settings: adam),
            schedule: try Schedule(
                kind: training.lrSchedulerType, peak: training.learningRate,
                warmupSteps: training.warmupSteps(of: scheduledSteps(plan)),
                totalSteps: scheduledSteps(plan), kwargs: training.lrSchedulerKwargs ?? [:]),
            settings: settings, options: options, packTokens: execution.packTokens, builder: builders[0],
            evaluations: zip(data.evaluations, builders.dropFirst()).map { ($0.name, $1) },
            loader: { cursor in
                if let plan = rolloutPlan { return try RolloutLoader(order: order, plan: plan, cursor: cursor) }
                if let streamed = data.train as? StreamedSamples {
                    return StreamLoader(
                        streamed, batchSize: plan.batchSize, accumulation: plan.accumulation, cursor: cursor)
                }
                return try BatchLoader(
                    order: order, batchSize: plan.batchSize, accumulation: plan.accumulation, cursor: cursor)
            },
            saver: CheckpointSaver(
                outputFolder: training.outputDir, folder: folder, card: modelCard(adapter),
                savesOnlyModel: training.saveOnlyModel,
                totalLimit: training.saveTotalLimit, trainsWeights: adapter == nil),
            console: RunConsole(
                log: try TrainerLog(
                    folder: training.outputDir, totalSteps: plan.totalUpdates, resumeStep: resume?.state.globalStep),
                events: events, hidesBar: training.disableTqdm ?? false))
    }

    /// Everything after the last step: best weights, final files, metrics, pictures, the reading of the curves.
    private func finish(_ trainer: Trainer, _ data: TrainingData, adapter: AdapterConfig?) throws {
        let output = config.training.outputDir
        let plan = trainer.settings.plan, seconds = trainer.console.elapsedSeconds
        var metrics: LogRecord = [
            "epoch": .double(trainer.state.epoch), "total_flos": .double(trainer.state.totalFlos),
        ]
        metrics["train_loss"] = .double(trainer.progress.totalLoss / Double(max(1, trainer.state.globalStep)))
        metrics.merge(
            RunResults.speed(
                split: "train", runtimeSeconds: seconds,
                // As transformers counts them: planned, not seen.
                numSamples: config.training.maxSteps > 0
                    ? plan.totalUpdates * plan.batchSize * plan.accumulation
                    : Int(Double(plan.numSamples) * config.training.numTrainEpochs),
                numSteps: plan.totalUpdates))
        metrics.merge(trainer.tokensSeen)
        try trainer.write(metrics)
        let loadedBest = try loadBest(trainer, adapter: adapter)
        for (_, layer) in trainer.model.loraLayers { layer.isTraining = false }
        trainer.model.valueHead?.isTraining = false
        try Profiler.phase(.save) { try trainer.saver.folder.write(trainer.model, to: output) }
        ConsoleText.metricsBlock(split: "train", metrics).forEach { print($0) }
        try RunResults.write(metrics, split: "train", folder: output)
        try trainer.state.write(to: output)
        // As LLaMA-Factory draws them: without the evaluation after the last step.
        let drawn = trainer.state.logHistory
        var evaluated: LogRecord?
        if config.training.effectiveDoEval, !trainer.evaluations.isEmpty {
            let needsAnother = loadedBest != nil || trainer.lastEvaluatedStep != trainer.state.globalStep
            let history = trainer.state.logHistory
            let result =
                needsAnother
                ? try trainer.evaluate(isInLog: false)
                : history.last { $0["eval_loss"] != nil || $0.keys.contains { $0.hasPrefix("eval_") } } ?? [:]
            var shown: LogRecord = [:]
            for entry in result.entries where entry.key != "step" { shown[entry.key] = entry.value }
            if config.tuning.stage == .pt { shown.merge(Self.perplexities(shown)) }
            ConsoleText.metricsBlock(split: "eval", shown).forEach { print($0) }
            try RunResults.write(shown, split: "eval", folder: output)
            evaluated = shown
        }
        if config.training.doPredict { try writeScores(trainer) }
        var card = trainer.saver.card
        card.setResults(from: trainer.state.logHistory)
        try card.write(to: output)
        if config.tuning.plotLoss {
            let keys =
                ["loss"] + curvesToPlot
                + (evaluated == nil ? [] : trainer.evaluations.map { $0.name.map { "eval_\($0)_loss" } ?? "eval_loss" })
            for outcome in try TrainingFigures.write(history: drawn, keys: keys, folder: output) {
                print(outcome)
            }
        }
        var facts = RunFacts(
            history: trainer.state.logHistory, checkpointSteps: CheckpointFolder.steps(in: output), outputFolder: output
        )
        facts.totalSteps = plan.totalUpdates
        facts.loadedBestStep = loadedBest
        facts.numTrainExamples = data.train.count
        facts.numEvalExamples = data.evaluations.first?.examples.count
        print("")
        CurveReading.lines(facts).forEach { print($0) }
    }

    /// What else LLaMA-Factory's stage draws.
    private var curvesToPlot: [String] {
        switch config.tuning.stage {
        case .dpo: ["rewards/accuracies"]
        case .kto: ["rewards/chosen"]
        case .rm: config.training.evalStrategy == .no ? ["accuracy"] : ["accuracy", "eval_accuracy"]
        case .grpo:
            ["reward", "reward_std", "completions/mean_length", "completions/clipped_ratio", "entropy"]
                + config.reinforcement.rewardFuncs.map { "rewards/\($0)/mean" }
                + (config.reinforcement.effectiveBeta > 0 ? ["kl"] : [])
        case .ppo: ["reward", "objective/kl", "tokens/responses_len_mean", "ppo/val/var_explained"]
        case .pt, .sft, .gkd: []
        }
    }

    /// exp(eval_loss) of every evaluation, infinite beyond the numbers there are.
    private static func perplexities(_ metrics: LogRecord) -> LogRecord {
        var result: LogRecord = [:]
        for entry in metrics.entries where entry.key.hasSuffix("_loss") {
            if let loss = metrics.number(entry.key) {
                result["\(entry.key.dropLast("loss".count))perplexity"] = .double(exp(loss))
            }
        }
        return result
    }

    /// Puts the best checkpoint's weights back when load_best_model_at_end asks for it; returns its step.
    private func loadBest(_ trainer: Trainer, adapter: AdapterConfig?) throws -> Int? {
        guard config.training.loadBestModelAtEnd, let step = trainer.state.bestGlobalStep,
            let path = trainer.state.bestModelCheckpoint,
            FileManager.default.fileExists(atPath: path)
        else { return nil }
        print("Loading best model from \(path) (score: \(trainer.state.bestMetric ?? .nan)).")
        try scope("loading the best checkpoint") {
            try noGrad {
                if adapter != nil {
                    let file = try SafetensorsFile(path: "\(path)/adapter_model.safetensors")
                    for (name, tensor) in trainer.model.loraTensors() {
                        if let saved = file.tensor(name) { tensor.copy(from: saved) }
                    }
                } else {
                    let checkpoint = try Checkpoint(folder: path)
                    for (name, tensor) in trainer.model.namedWeights() {
                        if let saved = checkpoint.tensor(name) { tensor.detach().copy(from: saved) }
                    }
                }
            }
        }
        return step
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
            .init("total_train_batch_size", "\(training.perDeviceTrainBatchSize * training.gradientAccumulationSteps)"),
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
