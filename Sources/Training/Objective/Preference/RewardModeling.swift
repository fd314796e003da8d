public import Models
import Torch

/// Stage rm: scores that rank the better answer higher, -log σ(chosen - rejected) of the last tokens' scores, as
/// LLaMA-Factory's PairwiseTrainer.
public final class RewardModeling: Objective {
    public init() {}

    /// compute_metrics sees the samples of the set, each once.
    public var countsRepeats: Bool { false }

    public func loss(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> PackLoss {
        let answers = pack.preference?.answers ?? []
        let outputs = Self.scores(of: pack, model: model, options: options)
        let scores: [Float] = outputs.detach().array()
        var gradient = [Float](repeating: 0, count: answers.count)
        var value = 0.0, curves = CurveSums()
        guard scores.count == answers.count else {
            return PackLoss(value: .nan, outputs: outputs, gradient: gradient, curves: curves)
        }
        for index in stride(from: 0, to: answers.count, by: 2) {
            let answer = answers[index], weight = 1 / Double(answer.batchSize)
            let c = Dual(Double(scores[index]), chosen: 1), r = Dual(Double(scores[index + 1]), rejected: 1)
            let loss = -(c - r).logSigmoid
            value += loss.value * answer.share
            gradient[index] = Float(loss.chosen * answer.share)
            gradient[index + 1] = Float(loss.rejected * answer.share)
            // compute_metrics is a mean over pairs, whatever the batches.
            curves.add("accuracy", c.value > r.value ? 1 : 0)
            curves.add("rewards/chosen", c.value, weight: weight)
            curves.add("rewards/rejected", r.value, weight: weight)
            curves.add("rewards/margins", c.value - r.value, weight: weight)
        }
        return PackLoss(value: value, outputs: outputs, gradient: gradient, curves: curves)
    }

    /// The score of each answer of a pack: the value head at its last token.
    static func scores(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> Tensor {
        let input = pack.input(patchValues: model.config.vision?.patchValues ?? 1)
        let hidden = model.hiddenStates(input, recompute: options.recompute && isGradEnabled, compute: options.compute)
        let last = (pack.preference?.answers ?? []).map { $0.rows.upperBound - 1 }
        return model.valueHead?(hidden.rows(Tensor(last))) ?? .undefined
    }
}
