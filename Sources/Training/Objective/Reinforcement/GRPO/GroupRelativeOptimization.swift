import Foundation
public import Models
import RunConfig
import Torch

/// Stage grpo: the policy writes several answers to each prompt, rewards judge them, and each answer becomes likelier or less
/// likely as it is better or worse than the others (Shao et al. 2024), with the variants of TRL and ms-swift.
public final class GroupRelativeOptimization: Objective {
    struct Settings: Sendable {
        var plan: RolloutPlan
        var rollout: RolloutSettings
        var loss = PolicyLoss()
        var advantages: Advantages
        /// Answers to each prompt of an evaluation.
        var evaluationGroupSize = 1
        /// Weight of the divergence, within the loss or taken off the rewards.
        var beta = 0.0
        var takesDivergenceOffReward = false
        var leavesOutTruncated = false
        /// Part of the tokens that are learned from, the most uncertain ones.
        var topEntropyQuantile = 1.0
        /// Further generations for prompts whose answers all have the same reward; 0 for none.
        var maxResamples = 0
        var rewardWeights: [Double] = []
        var packTokens = 1024
        var seed: UInt64 = 42
    }

    let settings: Settings
    let rewards: [any Reward]
    let engine: any RolloutEngine
    let reference: RolloutReference
    let builder: PromptBuilder
    let decode: ([Int32]) -> String
    let log: CompletionLog?
    let tell: (String) -> Void
    /// Batches that are yet to be learned from.
    var queue: [ExperienceBatch] = []
    /// Answers that were drawn so far, left out ones too.
    var numDrawn: UInt64 = 0
    var hasStarted = false
    /// The answers of the update that is being computed.
    var current: [Used] = []

    /// An answer with its part in an update.
    struct Used {
        let experience: Experience
        /// What its tokens' losses are multiplied by.
        let weight: Double
        /// What a token, and what an answer, has in a mean over its batch and the update's batches.
        let tokenShare: Double
        let answerShare: Double
    }

    init(
        _ settings: Settings, rewards: [any Reward], engine: any RolloutEngine, reference: RolloutReference,
        builder: PromptBuilder, decode: @escaping ([Int32]) -> String, log: CompletionLog?,
        tell: @escaping (String) -> Void = { print($0) }
    ) {
        self.settings = settings
        self.rewards = rewards
        self.engine = engine
        self.reference = reference
        self.builder = builder
        self.decode = decode
        self.log = log
        self.tell = tell
    }

    public var usesDropout: Bool { false }

    // MARK: loss

    public func loss(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> PackLoss {
        let temperature = settings.rollout.temperature
        let pass = AnswerPass(pack, model: model, options: options, temperature: temperature)
        let entropies = pass.entropies(pack, model: model, temperature: temperature)
        var gradient = [Float](repeating: 0, count: pack.labels.count), value = 0.0, curves = CurveSums()
        guard pass.values.count == pack.labels.count else {
            return PackLoss(value: .nan, outputs: pass.outputs, gradient: gradient, curves: curves)
        }
        let kept = tokensToKeep(pack, entropies)
        for answer in pack.preference?.answers ?? [] {
            let used = current[answer.sample], experience = used.experience
            guard experience.isLearned else { continue }
            let places = answer.labels
            let outcome = settings.loss(
                pass.values[places], old: experience.old,
                reference: settings.loss.beta > 0 ? experience.reference : nil,
                advantage: experience.advantage, kept: kept.map { Array($0[places]) })
            value += outcome.loss * used.weight
            for (place, slope) in zip(places, outcome.slopes) { gradient[place] = Float(slope * used.weight) }
            record(outcome, entropies[places], used, &curves)
        }
        return PackLoss(value: value, outputs: pass.outputs, gradient: gradient, curves: curves)
    }

    /// TRL's high-entropy mask, over the answers of the pack: those of one batch.
    private func tokensToKeep(_ pack: PackData, _ entropies: [Float]) -> [Bool]? {
        guard settings.topEntropyQuantile < 1 else { return nil }
        let learned = (pack.preference?.answers ?? []).filter { current[$0.sample].experience.isLearned }
        let bound = GroupStatistics.quantile(
            learned.flatMap { entropies[$0.labels].map(Double.init) }, 1 - settings.topEntropyQuantile)
        return entropies.map { Double($0) >= bound }
    }

    /// Means over the tokens of a batch, then over batches, as TRL logs them.
    private func record(
        _ outcome: PolicyLoss.Outcome, _ entropies: ArraySlice<Float>, _ used: Used, _ curves: inout CurveSums
    ) {
        let count = Double(max(1, outcome.slopes.count)), weight = count * used.tokenShare
        if settings.loss.beta > 0 { curves.add("kl", outcome.divergence / count, weight: weight) }
        curves.add("entropy", entropies.reduce(0) { $0 + Double($1) } / count, weight: weight)
        let low = outcome.numLow / max(1, outcome.numRatios), high = outcome.numHigh / max(1, outcome.numRatios)
        // Of a ratio of the whole answer there is one.
        let ratioWeight = settings.loss.level == .sequence ? used.answerShare : weight
        curves.add("clip_ratio/low_mean", low, weight: ratioWeight)
        curves.add("clip_ratio/high_mean", high, weight: ratioWeight)
        curves.add("clip_ratio/region_mean", low + high, weight: ratioWeight)
    }

    /// The answers of a batch with their parts in an update of `numBatches`.
    func used(_ batch: ExperienceBatch, numBatches: Int) -> [Used] {
        let learned = batch.answers.filter(\.isLearned), batches = Double(numBatches)
        let numTokens = Double(max(1, learned.reduce(0) { $0 + $1.rollout.tokenIDs.count }))
        let numAnswers = Double(max(1, batch.answers.count)), longest = Double(settings.rollout.maxTokens)
        return batch.answers.map { experience in
            let length = Double(max(1, experience.rollout.tokenIDs.count))
            let weight =
                switch settings.loss.type {
                case .grpo: 1 / (length * numAnswers * batches)
                case .bnpo: 1 / (numTokens * batches)
                case .drGRPO: 1 / (numAnswers * longest * batches)
                // TRL divides by the tokens of the generation, whatever the number of batches.
                case .dapo, .cispo: 1 / Double(max(1, batch.generationTokens))
                }
            return Used(
                experience: experience, weight: experience.isLearned ? weight : 0,
                tokenShare: 1 / (numTokens * batches), answerShare: 1 / (numAnswers * batches))
        }
    }

    // MARK: state

    public var state: [String: Double] { ["answers_drawn": Double(numDrawn)] }
    public func restore(_ state: [String: Double]) { numDrawn = UInt64(state["answers_drawn"] ?? 0) }

    static let fileName = "experience.json"

    public func save(to folder: String) throws {
        guard !queue.isEmpty else { return }
        try JSONEncoder().encode(queue).write(to: URL(fileURLWithPath: "\(folder)/\(Self.fileName)"))
    }

    public func load(from folder: String) throws {
        let path = "\(folder)/\(Self.fileName)"
        guard let data = FileManager.default.contents(atPath: path) else { return }
        do { queue = try JSONDecoder().decode([ExperienceBatch].self, from: data) } catch {
            throw TrainingError("\(path) is damaged: \(error)")
        }
        guard queue.flatMap(\.answers).allSatisfy({ builder.examples.contains($0.rollout.prompt) }) else {
            throw TrainingError("\(path) belongs to other data; start anew with overwrite_output_dir: true")
        }
    }
}
