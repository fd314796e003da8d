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
    let parts: TrainerParts
    var state: TrainerState
    var progress: LoopState
    var loader: any UpdateSource
    var lastEvaluatedStep = -1
    var lastSavedStep = -1
    private let numModelParameters: Int
    /// Input tokens counted by earlier processes of this run.
    private let numTokensBefore: Int

    init(_ parts: TrainerParts, resume: ResumePointState?) throws {
        self.parts = parts
        // Embedding look-ups are no multiplications (transformers' floating_point_ops).
        numModelParameters = ParameterCount(parts.model).all - parts.model.decoder.embedding.weight.count
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
        try resume?.restore(optimizer: parts.optimizer, saver: parts.saver, group: parts.group)
        if let saved = progress.objective { parts.objective.restore(saved) }
        if let resume { try parts.objective.load(from: resume.folder) }
    }

    /// Runs to the end, or to the user's signal. Returns whether the end was reached.
    func run() throws -> Bool {
        let plan = parts.settings.plan
        parts.console.begin(startStep: state.globalStep, totalSteps: plan.totalUpdates)
        if parts.settings.evaluatesOnStart, state.globalStep == 0 { try evaluate() }
        if progress.owesEvaluation {
            try evaluate()
            let (isNewBest, stops) = judge()
            if isNewBest, parts.settings.saveStrategy == .best { try save() }
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
            let experience = try parts.objective.experience(
                of: data, step: state.globalStep, model: parts.model, options: parts.options)
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
            if state.globalStep < plan.totalUpdates, try parts.group.any(StopRequest.isPending) {
                try save()
                return false
            }
        }
        return true
    }

    private func prefetch(_ update: BatchLoader.Update) -> Prefetched<StepData> {
        let builder = parts.builder
        return Prefetched { try builder.build(update.batches) }
    }

    /// One update; on a loss or gradient that is not finite nothing is changed and the rows are named.
    private func step(_ data: StepData, _ update: BatchLoader.Update) throws {
        let rate = parts.schedule.rate(step: state.globalStep), number = state.globalStep + 1
        let updateStep = UpdateStep(
            model: parts.model, objective: parts.objective, optimizer: parts.optimizer, options: parts.options,
            maxGradNorm: parts.settings.maxGradNorm, group: parts.group, bucketBytes: parts.settings.bucketBytes)
        let outcome: StepOutcome
        do {
            outcome =
                try parts.practice?.run(data, number: number, update: updateStep, learningRate: rate)
                ?? updateStep.run(
                    data.packs, weight: data.weight, learningRate: rate, activity: "step \(number)")
        } catch let error as NonFiniteStep { throw nonFinite(error.loss, error.norm, update) }
        let ownTokens = outcome.numTokens ?? data.numTokens
        let tokens = try parts.group.sum([Double(ownTokens), Double(max(ownTokens, data.numPaddedTokens))])
        let numTokens = Int(tokens[0]), numPadded = Int(tokens[1])
        state.globalStep += 1
        switch parts.settings.tokenCount {
        case .no: break
        case .all: state.numInputTokensSeen += numPadded
        case .nonPadding: state.numInputTokensSeen += numTokens
        }
        state.totalFlos += 6 * Double(numPadded) * Double(numModelParameters)
        progress.add(
            loss: outcome.loss, hits: outcome.numHits, targets: outcome.numTargets, tokens: numTokens,
            norm: outcome.norm, rate: rate)
        progress.curves = progress.curves ?? CurveSums()
        progress.curves?.add(try data.curves.sum(over: parts.group))
        progress.curves?.add(outcome.curves)
        progress.objective = parts.objective.state
        parts.console.step(state.globalStep, tokens: numTokens, loss: outcome.loss)
    }

    private func nonFinite(_ loss: Double, _ norm: Double, _ update: BatchLoader.Update) -> TrainingError {
        let rows = update.batches.joined().prefix(8).flatMap { parts.builder.origins($0) }.prefix(8).map(\.description)
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
        let settings = parts.settings
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
        if evaluates, !parts.evaluations.isEmpty {
            try evaluate()
            (isNewBest, stops) = judge()
        }
        if saves || (parts.settings.saveStrategy == .best && isNewBest) { try save(stops: stops) }
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
        let curves = progress.curves?.record() ?? [:]
        record.merge(curves)
        record["epoch"] = .double(state.epoch)
        if parts.settings.tokenCount != .no {
            record.merge(tokensSeen)
            record.merge(
                RunResults.speed(
                    split: "train", runtimeSeconds: parts.console.elapsedSeconds,
                    numTokens: state.numInputTokensSeen - numTokensBefore))
        }
        try write(record, curves: curves.keys)
        progress.forgetWindow()
    }

    /// `num_input_tokens_seen`, for every record of a run that counts them.
    var tokensSeen: LogRecord {
        parts.settings.tokenCount == .no ? [:] : ["num_input_tokens_seen": .int(state.numInputTokensSeen)]
    }

    /// Puts a record into the history, the console, TensorBoard and trainer_log.jsonl; `curves` names those of the stage.
    func write(_ record: LogRecord, curves: [String] = [], isInLog: Bool = true) throws {
        state.log(record)
        try parts.console.log(
            state.logHistory[state.logHistory.count - 1], curves: curves, step: state.globalStep,
            totalTokens: progress.totalTokens, isInLog: isInLog)
    }

    /// Writes a checkpoint unless this step has one; `stops` where training ends with it.
    func save(stops: Bool = false) throws {
        guard lastSavedStep != state.globalStep else { return }
        lastSavedStep = state.globalStep
        state.setControl(
            shouldSave: true, shouldTrainingStop: stops || state.globalStep >= parts.settings.plan.totalUpdates)
        parts.console.line("Saving model checkpoint to \(try Profiler.phase(.save) { try parts.saver.save(self) })")
    }
}
