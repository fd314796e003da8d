import Models
import Torch

/// One forward pass over a pack of answers: the log-probabilities of their tokens, and what is read off the hidden states.
struct AnswerPass {
    /// Final hidden states [T, D].
    let hidden: Tensor
    /// Log-probability of each label [N], with a graph when gradients are on.
    let outputs: Tensor
    /// The same as numbers.
    let values: [Float]

    /// - Parameter temperature: what the logits are divided by.
    init(_ pack: PackData, model: LanguageModel, options: ForwardOptions, temperature: Double = 1) {
        let input = pack.input(patchValues: model.config.vision?.patchValues ?? 1)
        hidden = model.hiddenStates(input, recompute: options.recompute && isGradEnabled, compute: options.compute)
        let rows = hidden.rows(Tensor(pack.labelRows))
        // The output layer has no bias: scaled states give scaled logits.
        outputs = (temperature == 1 ? rows : rows / temperature).linearLogProbs(
            model.outputWeight, labels: Tensor(pack.labels))
        values = outputs.detach().array()
    }

    /// Sum of an answer's log-probabilities. Empty after an operator failed, which the surrounding scope reports.
    func sum(_ answer: ScoredAnswer) -> Double {
        answer.labels.upperBound <= values.count ? values[answer.labels].reduce(0) { $0 + Double($1) } : .nan
    }

    /// Log-probabilities of a pack's answers without gradients.
    static func sums(_ pack: PackData, model: LanguageModel, options: ForwardOptions) -> [Double] {
        noGrad {
            let pass = AnswerPass(pack, model: model, options: options)
            return (pack.preference?.answers ?? []).map(pass.sum)
        }
    }
}

/// The mean of all logits of a position: the product of its hidden state and the mean row of the output layer, so that
/// no logits are made.
final class LogitMeans {
    private var meanRow: Tensor?

    /// For each answer the mean over prompt and answer (what TRL logs, padding left out) and over the places that predict
    /// the answer.
    func means(_ hidden: Tensor, _ pack: PackData, model: LanguageModel) -> [(all: Double, answer: Double)] {
        let answers = pack.preference?.answers ?? []
        let rows: [Float] = noGrad {
            let weight = model.outputWeight
            let mean = meanRow ?? Self.meanRow(weight.detach())
            if !weight.requiresGrad { meanRow = mean }
            return hidden.detach().to(.float32).matmul(mean).array()
        }
        guard rows.count == pack.tokenIDs.count else { return answers.map { _ in (.nan, .nan) } }
        func sum(_ indices: some Sequence<Int>) -> Double { indices.reduce(0) { $0 + Double(rows[$1]) } }
        return answers.map { answer in
            let all = (sum(answer.prompt) + sum(answer.rows)) / Double(answer.prompt.count + answer.rows.count)
            return (all, sum(answer.labels.map { pack.labelRows[$0] }) / Double(answer.labels.count))
        }
    }

    /// [D] in fp32, from blocks of rows: the table is not copied whole.
    private static func meanRow(_ weight: Tensor) -> Tensor {
        let count = weight.size(0), block = 8192
        var total = Tensor.zeros([weight.size(1)])
        for first in stride(from: 0, to: count, by: block) {
            total = total + weight[first..<min(first + block, count)].to(.float32).sum(0)
        }
        return total / Double(count)
    }
}
