public import Models
import Torch

/// Stage kto: answers that are good or bad (Ethayarajh et al. 2024), as LLaMA-Factory's CustomKTOTrainer.
public final class VerdictOptimization: Objective {
    struct Settings: Sendable {
        var beta = 0.1
        /// kto_chosen_weight and kto_rejected_weight.
        var goodWeight = 1.0
        var badWeight = 1.0
        /// pref_ftx.
        var supervisedWeight = 0.0
    }

    private let settings: Settings
    private let reference: ReferencePolicy
    private let group: ProcessGroup
    private let logits = LogitMeans()

    init(_ settings: Settings, reference: ReferencePolicy, group: ProcessGroup = .alone) {
        self.settings = settings
        self.reference = reference
        self.group = group
    }

    public var usesDropout: Bool { false }

    public func loss(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> PackLoss {
        let answers = pack.preference?.answers ?? []
        let references = reference.sums(pack, model: model, options: options)
        let divergences = divergences(pack, model: model, options: options)
        let pass = AnswerPass(pack, model: model, options: options)
        let logits = logits.means(pass.hidden, pack, model: model)
        var gradient = [Float](repeating: 0, count: pack.labels.count)
        var value = 0.0, curves = CurveSums()
        // LLaMA-Factory divides the mean over the good answers once more by their number, and multiplies by the batch.
        let numGood = Dictionary(grouping: answers.filter(\.isGood), by: \.batch).mapValues { Double($0.count) }
        for (index, answer) in answers.enumerated() {
            let policy = pass.sum(answer), ratio = Dual(policy - references[index], chosen: 1)
            let divergence = divergences[answer.batch] ?? 0
            var loss =
                answer.isGood
                ? (1 - ((ratio - divergence) * settings.beta).sigmoid) * settings.goodWeight
                : (1 - ((divergence - ratio) * settings.beta).sigmoid) * settings.badWeight
            if settings.supervisedWeight > 0, answer.isGood, let count = numGood[answer.batch] {
                let size = Double(answer.batchSize)
                let scale = settings.supervisedWeight * size * size / (count * count)
                loss = loss - Dual(policy, chosen: 1) * (scale / Double(answer.labels.count))
            }
            value += loss.value * answer.share
            for place in answer.labels { gradient[place] = Float(loss.chosen * answer.share) }
            let name = answer.isGood ? "chosen" : "rejected"
            curves.add("rewards/\(name)", settings.beta * ratio.value)
            curves.add("logps/\(name)", policy)
            curves.add("logits/\(name)", logits[index].all)
            curves.add("logits/\(name)_answer", logits[index].answer)
        }
        for batch in Set(answers.map(\.batch)).sorted() { curves.add("kl", divergences[batch] ?? 0) }
        return PackLoss(value: value, outputs: pass.outputs, gradient: gradient, curves: curves)
    }

    /// For each batch of the pack, the mean of log policy / reference over prompts with other samples' answers, at least 0. The batches
    /// that other processes have at the same time count in.
    private func divergences(_ pack: PackData, model: LanguageModel, options: ForwardOptions) -> [Int: Double] {
        var means: [Int: Double] = [:]
        for other in pack.preference?.others ?? [] {
            let policy = AnswerPass.sums(other, model: model, options: options)
            let reference = reference.sums(other, model: model, options: options)
            for (index, answer) in (other.preference?.answers ?? []).enumerated() {
                means[answer.batch, default: 0] += (policy[index] - reference[index]) / Double(answer.batchSize)
            }
        }
        for batch in means.keys.sorted() { means[batch] = max(0, group.mean(means[batch] ?? 0)) }
        return means
    }
}
