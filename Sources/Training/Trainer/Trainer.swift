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

    init(_ parts: TrainerParts, resume: ResumePointState?) throws {
        self.parts = parts
        // Embedding look-ups are no multiplications (transformers' floating_point_ops).
        numModelParameters = ParameterCount(parts.model).all - parts.model.decoder.embedding.weight.count
        let plan = parts.settings.plan
        state = resume?.state ?? TrainerState()
        progress = resume?.loop ?? LoopState()
        state.maxSteps = plan.totalUpdates
        state.numTrainEpochs = plan.numEpochs
        state.loggingSteps = parts.settings.loggingSteps
        state.evalSteps = parts.settings.evalSteps
        state.saveSteps = parts.settings.saveSteps
        state.trainBatchSize = plan.batchSize
        loader = try parts.loader(progress.cursor)
        try resume?.restore(optimizer: parts.optimizer, saver: parts.saver)
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
            if StopRequest.isPending, state.globalStep < plan.totalUpdates {
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
            maxGradNorm: parts.settings.maxGradNorm)
        let outcome: StepOutcome
        do {
            outcome =
                try parts.practice?.run(data, number: number, update: updateStep, learningRate: rate)
                ?? updateStep.run(data.packs, learningRate: rate, activity: "step \(number)")
        } catch let error as NonFiniteStep { throw nonFinite(error.loss, error.norm, update) }
        let numTokens = outcome.numTokens ?? data.numTokens
        state.globalStep += 1
        state.numInputTokensSeen += parts.settings.countsTokens ? numTokens : 0
        state.totalFlos += 6 * Double(numTokens) * Double(numModelParameters)
        progress.add(
            loss: outcome.loss, hits: outcome.numHits, targets: outcome.numTargets, tokens: numTokens,
            norm: outcome.norm, rate: rate)
        progress.curves = progress.curves ?? CurveSums()
        progress.curves?.add(data.curves)
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

    /// Whether training should stop early.
    private func logEvaluateSave(endsEpoch: Bool) throws -> Bool {
        let step = state.globalStep, isLast = step >= parts.settings.plan.totalUpdates
        func due(_ strategy: IntervalStrategy, _ interval: Int) -> Bool {
            switch strategy {
            case .no: false
            case .steps: step % interval == 0
            case .epoch: endsEpoch
            }
        }
        if due(parts.settings.loggingStrategy, parts.settings.loggingSteps)
            || (parts.settings.logsFirstStep && step == 1)
        {
            try log()
        }
        var isNewBest = false, stops = false
        let delayed =
            parts.settings.evalStrategy == .epoch
            ? state.epoch < parts.settings.evalDelay : Double(step) < parts.settings.evalDelay
        if !parts.evaluations.isEmpty, !delayed,
            due(parts.settings.evalStrategy, parts.settings.evalSteps) || (isLast && parts.settings.evalStrategy != .no)
        {
            try evaluate()
            (isNewBest, stops) = judge()
        }
        let savesNow =
            switch parts.settings.saveStrategy {
            case .no: false
            case .steps: step % parts.settings.saveSteps == 0 || isLast
            case .epoch: endsEpoch || isLast
            case .best: isNewBest
            }
        if savesNow || (stops && parts.settings.saveStrategy != .no && parts.settings.saveStrategy != .best) {
            try save()
        }
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
        if parts.settings.countsTokens { record["num_input_tokens_seen"] = .int(state.numInputTokensSeen) }
        state.log(record)
        progress.forgetWindow()
        try parts.console.log(
            state.logHistory[state.logHistory.count - 1], step: state.globalStep, totalTokens: progress.totalTokens)
    }

    func save() throws {
        guard lastSavedStep != state.globalStep else { return }
        lastSavedStep = state.globalStep
        parts.console.line("Saving model checkpoint to \(try Profiler.phase(.save) { try parts.saver.save(self) })")
    }
}
