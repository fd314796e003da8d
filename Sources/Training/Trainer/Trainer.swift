import Datasets
import Foundation
import JSON
import Models
import NN
import Reporting
import RunConfig
import Torch

/// The loop: batch -> objective -> gradient -> update -> log, evaluate, save. Lives on the tensor thread.
final class Trainer {
    let model: LanguageModel
    let objective: any Objective
    let practice: (any PracticeStep)?
    let optimizer: AdamW
    let schedule: Schedule
    let settings: TrainerSettings
    let options: ForwardOptions
    let builder: any StepBuilding
    let evaluations: [(name: String?, builder: any StepBuilding)]
    let saver: CheckpointSaver
    let console: RunConsole

    var state: TrainerState
    var progress: LoopState
    var loader: any UpdateSource
    var lastEvaluatedStep = -1
    var lastSavedStep = -1
    private let numModelParameters: Int
    /// Input tokens counted by earlier processes of this run.
    private let numTokensBefore: Int

    init(_ parts: TrainerParts, resume: ResumePointState?) throws {
        model = parts.model
        objective = parts.objective
        practice = parts.practice
        optimizer = parts.optimizer
        schedule = parts.schedule
        settings = parts.settings
        options = parts.options
        builder = parts.builder
        evaluations = parts.evaluations
        saver = parts.saver
        console = parts.console
        // Embedding look-ups are no multiplications (transformers' floating_point_ops).
        numModelParameters = ParameterCount(model).all - model.decoder.embedding.weight.count
        let plan = parts.settings.plan
        state = resume?.state ?? TrainerState()
        numTokensBefore = state.numInputTokensSeen
        progress = resume?.loop ?? LoopState()
        state.maxSteps = plan.totalUpdates
        state.numTrainEpochs = plan.numEpochs
        state.loggingSteps = parts.settings.loggingSteps
        if let evalSteps = parts.settings.givenEvalSteps { state.evalSteps = evalSteps }
        state.saveSteps = parts.settings.saveSteps
        state.trainBatchSize = plan.batchSize
        if resume == nil { state.setControl(shouldSave: false, shouldTrainingStop: false) }
        loader = try parts.loader(progress.cursor)
        try resume?.restore(optimizer: optimizer, saver: saver)
        if let saved = progress.objective { objective.restore(saved) }
        if let resume { try objective.load(from: resume.folder) }
    }

    /// Runs to the end, or to the user's signal. Returns whether the end was reached.
    func run() throws -> Bool {
        let plan = settings.plan
        console.begin(startStep: state.globalStep, totalSteps: plan.totalUpdates)
        if settings.evaluatesOnStart, state.globalStep == 0 { try evaluate() }
        if progress.owesEvaluation {
            try evaluate()
            let (isNewBest, stops) = judge()
            if isNewBest, settings.saveStrategy == .best { try save() }
            if stops { return true }
        }
        var upcoming: Prefetched<StepData>?
        while state.globalStep < plan.totalUpdates {
            let update = try loader.next()
            let data = try Profiler.phase(.data) { try (upcoming ?? prefetch(update)).value() }
            upcoming = nil
            if state.globalStep + 1 < plan.totalUpdates {
                var ahead = loader
                upcoming = prefetch(try ahead.next())
            }
            let experience = try objective.experience(
                of: data, step: state.globalStep, model: model, options: options)
            try step(experience, update)
            progress.cursor = loader.cursor
            // A stream has no known end: transformers counts the whole run as its epoch.
            let done =
                update.endsEpoch && !plan.isStreamed
                ? Double(update.epoch + 1)
                : Double(update.epoch) + Double(update.numBatchesDone) / Double(plan.batchesPerEpoch)
            state.epoch = done
            let stopsEarly = try logEvaluateSave(endsEpoch: update.endsEpoch)
            if stopsEarly { break }
            if StopRequest.isPending, state.globalStep < plan.totalUpdates {
                try save()
                return false
            }
        }
        return true
    }

    private func prefetch(_ update: BatchLoader.Update) -> Prefetched<StepData> {
        let builder = self.builder
        return Prefetched { try builder.build(update.batches) }
    }

    /// One update; on a loss or gradient that is not finite nothing is changed and the rows are named.
    private func step(_ data: StepData, _ update: BatchLoader.Update) throws {
        let rate = schedule.rate(step: state.globalStep), number = state.globalStep + 1
        let updateStep = UpdateStep(
            model: model, objective: objective, optimizer: optimizer, options: options,
            maxGradNorm: settings.maxGradNorm)
        let outcome: StepOutcome
        do {
            outcome =
                try practice?.run(data, number: number, update: updateStep, learningRate: rate)
                ?? updateStep.run(data.packs, learningRate: rate, activity: "step \(number)")
        } catch let error as NonFiniteStep { throw nonFinite(error.loss, error.norm, update) }
        let numTokens = outcome.numTokens ?? data.numTokens
        state.globalStep += 1
        let numPadded = max(numTokens, data.numPaddedTokens)
        switch settings.tokenCount {
        case .no: break
        case .all: state.numInputTokensSeen += numPadded
        case .nonPadding: state.numInputTokensSeen += numTokens
        }
        state.totalFlos += 6 * Double(numPadded) * Double(numModelParameters)
        progress.add(
            loss: outcome.loss, hits: outcome.numHits, targets: outcome.numTargets, tokens: numTokens,
            norm: outcome.norm, rate: rate)
        progress.curves = progress.curves ?? CurveSums()
        progress.curves?.add(data.curves)
        progress.curves?.add(outcome.curves)
        progress.objective = objective.state
        console.step(state.globalStep, tokens: numTokens, loss: outcome.loss)
    }

    private func nonFinite(_ loss: Double, _ norm: Double, _ update: BatchLoader.Update) -> TrainingError {
        let rows = update.batches.joined().prefix(8).flatMap { builder.origins($0) }.prefix(8).map(\.description)
        return TrainingError(
            """
            step \(state.globalStep + 1): the loss is \(loss) and the gradient norm \(norm); the weights were not changed.
            Lower learning_rate, or look at the rows of this step:
            \(rows.map { "  " + $0 }.joined(separator: "\n"))
            """)
    }

    /// What is due after an update, then what is due after an epoch, which the end of the run ends too: transformers' order.
    /// Returns whether training should stop early.
    private func logEvaluateSave(endsEpoch: Bool) throws -> Bool {
        let step = state.globalStep, isLast = step >= settings.plan.totalUpdates
        func isDue(_ interval: Int) -> Bool { step % interval == 0 }
        let stops = try act(
            logs: settings.loggingStrategy == .steps && isDue(settings.loggingSteps)
                || (settings.logsFirstStep && step == 1),
            evaluates: settings.evalStrategy == .steps && (isDue(settings.evalSteps) || isLast)
                && Double(step) >= settings.evalDelay,
            saves: settings.saveStrategy == .steps && (isDue(settings.saveSteps) || isLast))
        guard endsEpoch || isLast || stops else { return false }
        let stopsNow = try act(
            logs: settings.loggingStrategy == .epoch,
            evaluates: settings.evalStrategy == .epoch && state.epoch >= settings.evalDelay,
            saves: settings.saveStrategy == .epoch)
        return stops || stopsNow
    }

    /// Does what is due; returns whether an evaluation says to stop early.
    private func act(logs: Bool, evaluates: Bool, saves: Bool) throws -> Bool {
        if logs { try log() }
        var isNewBest = false, stops = false
        if evaluates, !evaluations.isEmpty {
            try evaluate()
            (isNewBest, stops) = judge()
        }
        if saves || (settings.saveStrategy == .best && isNewBest) { try save(stops: stops) }
        return stops
    }

    /// Logs the mean loss since the last log.
    func log() throws {
        guard progress.stepsSinceLog > 0 else { return }
        var record: LogRecord = [
            "loss": .double(progress.lossSinceLog / Double(progress.stepsSinceLog)),
            "grad_norm": .double(progress.lastNorm),
            "learning_rate": .double(progress.lastRate),
        ]
        if progress.targetsSinceLog > 0 {
            record["token_acc"] = .double(Double(progress.hitsSinceLog) / Double(progress.targetsSinceLog))
        }
        if let curves = progress.curves { record.merge(curves.record()) }
        record["epoch"] = .double(state.epoch)
        if settings.tokenCount != .no {
            record.merge(tokensSeen)
            record.merge(
                RunResults.speed(
                    split: "train", runtimeSeconds: console.elapsedSeconds,
                    numTokens: state.numInputTokensSeen - numTokensBefore))
        }
        try write(record)
        progress.forgetWindow()
    }

    /// `num_input_tokens_seen`, for every record of a run that counts them.
    var tokensSeen: LogRecord {
        settings.tokenCount == .no ? [:] : ["num_input_tokens_seen": .int(state.numInputTokensSeen)]
    }

    /// Puts a record into the history, the console, TensorBoard and trainer_log.jsonl.
    func write(_ record: LogRecord, isInLog: Bool = true) throws {
        state.log(record)
        try console.log(
            state.logHistory[state.logHistory.count - 1], step: state.globalStep, totalTokens: progress.totalTokens,
            isInLog: isInLog)
    }

    /// Writes a checkpoint unless this step has one; `stops` where training ends with it.
    func save(stops: Bool = false) throws {
        guard lastSavedStep != state.globalStep else { return }
        lastSavedStep = state.globalStep
        state.setControl(shouldSave: true, shouldTrainingStop: stops || state.globalStep >= settings.plan.totalUpdates)
        console.line("Saving model checkpoint to \(try Profiler.phase(.save) { try saver.save(self) })")
    }
}
