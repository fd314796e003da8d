import Foundation
import Models
import Torch

/// One change of the weights: losses of packs, their gradients, clipping, and the optimizer's step.
struct UpdateStep {
    let model: LanguageModel
    let objective: any Objective
    let optimizer: AdamW
    let options: ForwardOptions
    /// The longest gradient; 0 for no limit.
    let maxGradNorm: Double
    /// The processes whose packs make the update together.
    var group = ProcessGroup.alone
    /// Bytes of gradients that travel together.
    var bucketBytes = 25 << 20

    /// Takes one step on packs whose weights add up to this process's part of an update; nothing is changed when loss or gradient is
    /// not finite.
    ///
    /// - Parameter weight: what the packs count beside those of the other processes.
    /// - Throws: `NonFiniteStep`; what an operator complains of.
    func run(_ packs: [PackData], weight: Double = 1, learningRate: Double, activity: String) throws -> StepOutcome {
        var outcome = StepOutcome()
        let share = try group.share(of: weight)
        try scope(activity) {
            for pack in packs where !pack.labels.isEmpty {
                let result = Profiler.phase(.forward) { objective.loss(of: pack, model: model, options: options) }
                Profiler.phase(.backward) { result.backward() }
                outcome.loss += result.value
                outcome.numHits += result.numHits ?? 0
                outcome.numTargets += result.numHits == nil ? 0 : pack.labels.count
                outcome.curves.add(result.curves)
            }
        }
        outcome.loss *= share
        try outcome.sum(over: group)
        try Profiler.phase(.optimizer) {
            try group.sum(gradients: optimizer.gradients, share: share, bucketBytes: bucketBytes)
        }
        outcome.norm = try scope("gradient norm") { Profiler.phase(.optimizer) { optimizer.gradientNorm() } }
        guard outcome.loss.isFinite, outcome.norm.isFinite else {
            throw NonFiniteStep(loss: outcome.loss, norm: outcome.norm)
        }
        let scale = maxGradNorm > 0 ? min(1, maxGradNorm / (outcome.norm + 1e-6)) : 1
        try scope("update") {
            Profiler.phase(.optimizer) { optimizer.update(learningRate: learningRate, gradientScale: scale) }
        }
        return outcome
    }
}

/// What a step did, as it is logged.
struct StepOutcome: Sendable {
    var loss = 0.0
    var numHits = 0
    /// Labels among which the hits were counted; 0 where nobody counts them.
    var numTargets = 0
    /// Tokens that the step computed beyond those of its data: answers the model wrote.
    var numTokens: Int?
    var norm = 0.0
    var curves = CurveSums()

    /// Adds up what the processes did.
    mutating func sum(over group: ProcessGroup) throws {
        let sums = try group.sum([loss, Double(numHits), Double(numTargets)])
        (loss, numHits, numTargets) = (sums[0], Int(sums[1]), Int(sums[2]))
        curves = try curves.sum(over: group)
    }
}

/// A loss or a gradient that is no number.
struct NonFiniteStep: Error {
    let loss: Double
    let norm: Double
}

/// A step of more than one gradient: the policy writes what it learns from first. One conformance a stage that does so.
protocol PracticeStep {
    /// - Parameters:
    ///   - data: the prompts of the step.
    ///   - number: the step's number, from 1.
    func run(_ data: StepData, number: Int, update: UpdateStep, learningRate: Double) throws -> StepOutcome
    /// As `Objective.evaluation`.
    func evaluation(of data: StepData, first: Int, model: LanguageModel, options: ForwardOptions) throws -> StepData
}
