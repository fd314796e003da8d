import Foundation
import JSON
import Models
import NN
import Reporting
import Torch

extension Trainer {
    /// Evaluates every set and logs `eval_loss` (or `eval_<name>_loss`): the mean over batches of the mean over labels,
    /// as transformers computes it. Where the policy writes the answers they are written and judged here.
    /// LLaMA-Factory's trainer_log.jsonl has no line of the evaluation after the last step.
    @discardableResult
    func evaluate(isInLog: Bool = true) throws -> LogRecord {
        try Profiler.phase(.evaluation) { try evaluateSets(isInLog: isInLog) }
    }

    private func evaluateSets(isInLog: Bool) throws -> LogRecord {
        // No dropout, and no random numbers drawn.
        let layers = parts.model.loraLayers.filter { $0.layer.isTraining }
        for (_, layer) in layers { layer.isTraining = false }
        defer { for (_, layer) in layers { layer.isTraining = true } }
        let drops = parts.model.valueHead?.isTraining ?? false
        parts.model.valueHead?.isTraining = false
        defer { parts.model.valueHead?.isTraining = drops }
        var metrics: LogRecord = [:], curveNames: [String] = []
        for (name, builder) in parts.evaluations {
            let prefix = name.map { "eval_\($0)" } ?? "eval"
            let count = builder.count, size = parts.settings.evalBatchSize
            let share = EvaluationShare(
                numSamples: count, batchSize: size, group: parts.group, weighsSamples: builder.weighsSamples)
            let batches = share.batches
            let start = DispatchTime.now().uptimeNanoseconds
            var loss: Double?, hits = 0, targets = 0, curves = CurveSums()
            let forward = ForwardOptions(compute: parts.options.compute, recompute: false)
            parts.console.evaluationBegins(numExamples: count, batchSize: size, numBatches: batches.count)
            // A few batches at a time, so that memory does not grow with the set.
            var first = 0
            while first < batches.count {
                // What a batch counts depends on those that the other processes evaluate beside it.
                let isSingle = builder.weighsSamples || parts.group.size > 1
                let groupSize = isSingle ? 1 : max(1, 16 / max(1, size))
                let group = Array(batches[first..<min(first + groupSize, batches.count)])
                let data = try evaluation(of: builder.build(group), first: group[0][0], forward)
                // Means over a batch's answers count as often as it has samples.
                curves.add(data.curves, factor: Double(group.reduce(0) { $0 + $1.count }))
                let labelShare = try parts.group.share(of: data.weight) * Double(parts.group.size)
                let part = share.part(of: first..<first + group.count) * labelShare
                let result = try measure(data.packs, forward)
                loss = result.loss.map { (loss ?? 0) + $0 * part } ?? loss
                hits += result.numHits
                targets += result.numTargets
                let numOwn = share.numSamples(of: first)
                if numOwn < group[0].count, !parts.objective.countsRepeats {
                    let own = try builder.build([Array(group[0].prefix(numOwn))])
                    curves.add(try measure(own.packs, forward).curves)
                } else {
                    curves.add(result.curves)
                }
                first += group.count
                parts.console.evaluationAdvances(group.count)
                if try isBrokenOff() { break }
            }
            let sums = try parts.group.sum([loss ?? 0, Double(hits), Double(targets)])
            if loss != nil { loss = sums[0] }
            (hits, targets) = (Int(sums[1]), Int(sums[2]))
            curves = try curves.sum(over: parts.group)
            parts.console.evaluationEnds()
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
            if let loss { metrics["\(prefix)_loss"] = .double(loss) }
            if targets > 0 { metrics["\(prefix)_token_acc"] = .double(Double(hits) / Double(targets)) }
            let ofStage = curves.record(prefix: "\(prefix)_")
            metrics.merge(ofStage)
            curveNames += ofStage.keys
            metrics.merge(
                RunResults.speed(split: prefix, runtimeSeconds: seconds, numSamples: count, numSteps: batches.count))
        }
        metrics["epoch"] = .double(state.epoch)
        metrics.merge(tokensSeen)
        // Half an evaluation says nothing; the run is about to stop.
        progress.owesEvaluation = try isBrokenOff()
        guard !progress.owesEvaluation else { return metrics }
        try write(metrics, curves: curveNames, isInLog: isInLog)
        lastEvaluatedStep = state.globalStep
        return metrics
    }

    /// What the objective says of packs, without a graph; the loss is nil where they have no labels.
    private func measure(_ packs: [PackData], _ forward: ForwardOptions) throws
        -> (loss: Double?, numHits: Int, numTargets: Int, curves: CurveSums)
    {
        var loss: Double?, hits = 0, targets = 0, curves = CurveSums()
        try scope("evaluation") {
            noGrad {
                for pack in packs where !pack.labels.isEmpty {
                    let result = parts.objective.loss(of: pack, model: parts.model, options: forward)
                    loss = (loss ?? 0) + result.value
                    hits += result.numHits ?? 0
                    targets += result.numHits == nil ? 0 : pack.labels.count
                    curves.add(result.curves)
                }
            }
        }
        return (loss, hits, targets, curves)
    }

    /// Whether a process was told to stop before the run's end.
    private func isBrokenOff() throws -> Bool {
        try state.globalStep < parts.settings.plan.totalUpdates && parts.group.any(StopRequest.isPending)
    }

    private func evaluation(of data: StepData, first: Int, _ options: ForwardOptions) throws -> StepData {
        try parts.practice?.evaluation(of: data, first: first, model: parts.model, options: parts.options)
            ?? parts.objective.evaluation(of: data, first: first, model: parts.model, options: parts.options)
    }

    /// Compares the newest evaluation with the best one: (is it better, should training stop).
    func judge() -> (isNewBest: Bool, stops: Bool) {
        guard let name = parts.settings.bestMetric ?? (parts.settings.patience == nil ? nil : "loss"),
            lastEvaluatedStep == state.globalStep,
            let record = state.logHistory.last
        else { return (false, false) }
        let key = name.hasPrefix("eval_") ? name : "eval_\(name)"
        guard let value = record.number(key) else { return (false, false) }
        let isBetter = state.bestMetric.map { parts.settings.greaterIsBetter ? value > $0 : value < $0 } ?? true
        if isBetter {
            state.bestMetric = value
            state.bestGlobalStep = state.globalStep
            // Named when the checkpoint of this step is saved.
            state.bestModelCheckpoint = parts.saver.path(step: state.globalStep)
        }
        guard let patience = parts.settings.patience else { return (isBetter, false) }
        progress.evaluationsWithoutGain = isBetter ? 0 : progress.evaluationsWithoutGain + 1
        state.setEarlyStopping(patience: patience, threshold: 0, counter: progress.evaluationsWithoutGain)
        return (isBetter, progress.evaluationsWithoutGain >= patience)
    }
}
