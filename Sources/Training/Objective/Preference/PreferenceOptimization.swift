public import Models
import RunConfig
import Torch

/// Stage dpo: a better and a worse answer to one prompt. LLaMA-Factory's CustomDPOTrainer, with the losses of its names.
public final class PreferenceOptimization: Objective {
    /// What is added to the loss of the pairs.
    struct Settings: Sendable {
        var loss: PairLoss
        /// pref_ftx: weight of the chosen answer's cross-entropy.
        var supervisedWeight = 0.0
        /// pref_bco_weight.
        var classifierWeight = 0.0
        /// ld_alpha: weight of the tokens by which an answer is longer than the other one; nil weighs all the same.
        var surplusWeight: Double?

        var usesBatch: Bool { loss.usesBatch || classifierWeight > 0 }
    }

    private let settings: Settings
    private let reference: ReferencePolicy
    private let group: ProcessGroup
    private let logits = LogitMeans()
    /// The mean of the batches' mean rewards so far: BCO's baseline.
    private var rewards = (mean: 0.0, count: 0.0)

    init(_ settings: Settings, reference: ReferencePolicy, group: ProcessGroup = .alone) {
        self.settings = settings
        self.reference = reference
        self.group = group
    }

    public var usesDropout: Bool { false }
    public var state: [String: Double] {
        settings.classifierWeight > 0 ? ["reward_mean": rewards.mean, "reward_count": rewards.count] : [:]
    }
    public func restore(_ state: [String: Double]) {
        rewards = (state["reward_mean"] ?? 0, state["reward_count"] ?? 0)
    }

    /// A pair's numbers: log-probabilities less the reference's with derivatives, and what they were made of.
    private struct Pair {
        let answers: (chosen: ScoredAnswer, rejected: ScoredAnswer)
        let policy: (chosen: Double, rejected: Double)
        let reference: (chosen: Double, rejected: Double)
        var c: Dual { Dual(policy.chosen - reference.chosen, chosen: 1) }
        var r: Dual { Dual(policy.rejected - reference.rejected, rejected: 1) }
    }

    public func loss(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> PackLoss {
        let answers = pack.preference?.answers ?? []
        let references = reference.sums(pack, model: model, options: options)
        let pass = AnswerPass(pack, model: model, options: options)
        let logits = logits.means(pass.hidden, pack, model: model)
        var gradient = [Float](repeating: 0, count: pack.labels.count)
        var value = 0.0, curves = CurveSums()
        var first = 0
        while first < answers.count {
            // The pairs of one batch.
            var end = first
            while end < answers.count, answers[end].batch == answers[first].batch { end += 2 }
            let pairs = stride(from: first, to: end, by: 2).map { pair($0, answers, pass, references) }
            let loss = batchLoss(pairs)
            for (index, pair) in pairs.enumerated() {
                let result = loss(pair), share = pair.answers.chosen.share
                value += result.loss.value * share
                for (answer, other, slope) in [
                    (pair.answers.chosen, pair.answers.rejected, result.loss.chosen),
                    (pair.answers.rejected, pair.answers.chosen, result.loss.rejected),
                ] {
                    for (place, weight) in weights(answer, other) { gradient[place] = Float(slope * share * weight) }
                }
                record(pair, result, logits: logits[first + 2 * index], logits[first + 2 * index + 1], &curves)
            }
            first = end
        }
        return PackLoss(value: value, outputs: pass.outputs, gradient: gradient, curves: curves)
    }

    private func pair(_ index: Int, _ answers: [ScoredAnswer], _ pass: AnswerPass, _ references: [Double]) -> Pair {
        let chosen = answers[index], rejected = answers[index + 1]
        func policy(_ answer: ScoredAnswer, _ other: ScoredAnswer) -> Double {
            guard answer.labels.upperBound <= pass.values.count else { return .nan }
            return weights(answer, other).reduce(0) { $0 + Double(pass.values[$1.place]) * $1.weight }
        }
        func reference(_ answer: ScoredAnswer, _ sum: Double) -> Double {
            settings.loss.usesMean ? sum / Double(answer.labels.count) : sum
        }
        return Pair(
            answers: (chosen, rejected), policy: (policy(chosen, rejected), policy(rejected, chosen)),
            reference: (reference(chosen, references[index]), reference(rejected, references[index + 1])))
    }

    /// How much each label counts in the log-probability of its answer.
    private func weights(_ answer: ScoredAnswer, _ other: ScoredAnswer) -> [(place: Int, weight: Double)] {
        let shared = min(answer.labels.count, other.labels.count)
        let scale = settings.loss.usesMean ? 1 / Double(answer.labels.count) : 1
        return answer.labels.enumerated().map { number, place in
            (place, scale * (number < shared ? 1 : settings.surplusWeight ?? 1))
        }
    }

    /// The loss of a pair of this batch.
    private func batchLoss(_ pairs: [Pair]) -> (Pair) -> (loss: Dual, oddsRatio: Double?) {
        let loss = settings.loss, count = Double(max(1, pairs.count))
        let divergences = (
            chosen: max(0, pairs.reduce(0) { $0 + $1.c.value } / count),
            rejected: max(0, pairs.reduce(0) { $0 + $1.r.value } / count)
        )
        if settings.classifierWeight > 0, isGradEnabled {
            let mean = group.mean(loss.beta * pairs.reduce(0) { $0 + $1.c.value + $1.r.value } / (2 * count))
            rewards.count += 1
            rewards.mean += (mean - rewards.mean) / rewards.count
        }
        return { [settings, rewards] pair in
            var result = loss(pair.c, pair.r, divergences: divergences)
            if settings.classifierWeight > 0 {
                let classifier = loss.binaryClassifier(pair.c, pair.r, baseline: rewards.mean)
                result = (result + classifier * settings.classifierWeight) / (1 + settings.classifierWeight)
            }
            if settings.supervisedWeight > 0 {
                let length = loss.usesMean ? 1 : Double(pair.answers.chosen.labels.count)
                result = result - Dual(pair.policy.chosen, chosen: 1) * (settings.supervisedWeight / length)
            }
            return (result, loss.kind == .orpo ? loss.oddsRatio(pair.c, pair.r).value : nil)
        }
    }

    private func record(
        _ pair: Pair, _ result: (loss: Dual, oddsRatio: Double?), logits chosen: (all: Double, answer: Double),
        _ rejected: (all: Double, answer: Double), _ curves: inout CurveSums
    ) {
        // A mean over the batch, then over the batches, as TRL's stored metrics.
        let weight = 1 / Double(pair.answers.chosen.batchSize)
        let rewards = (chosen: settings.loss.beta * pair.c.value, rejected: settings.loss.beta * pair.r.value)
        curves.add("rewards/chosen", rewards.chosen, weight: weight)
        curves.add("rewards/rejected", rewards.rejected, weight: weight)
        curves.add("rewards/accuracies", rewards.chosen > rewards.rejected ? 1 : 0, weight: weight)
        curves.add("rewards/margins", rewards.chosen - rewards.rejected, weight: weight)
        curves.add("logps/chosen", pair.policy.chosen, weight: weight)
        curves.add("logps/rejected", pair.policy.rejected, weight: weight)
        curves.add("logits/chosen", chosen.all, weight: weight)
        curves.add("logits/rejected", rejected.all, weight: weight)
        curves.add("logits/chosen_answer", chosen.answer, weight: weight)
        curves.add("logits/rejected_answer", rejected.answer, weight: weight)
        if let oddsRatio = result.oddsRatio {
            curves.add("sft_loss", -pair.policy.chosen, weight: weight)
            curves.add("odds_ratio_loss", oddsRatio, weight: weight)
        }
    }
}
