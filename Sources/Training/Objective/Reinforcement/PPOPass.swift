import Models
import Torch

/// One forward pass of policy and value head over a pack of answers.
struct PPOPass {
    /// Log-probabilities, then values, of the labels [2 N] in fp32; with a graph when gradients are on.
    let outputs: Tensor
    /// The same as numbers, N each.
    let logProbs: [Float]
    let values: [Float]
    /// Entropies of the distributions that the labels were drawn from, in nats; only while gradients are on.
    let entropies: [Float]

    init(_ pack: PackData, model: LanguageModel, options: ForwardOptions) {
        let pass = AnswerPass(pack, model: model, options: options)
        let states = pass.hidden.rows(Tensor(pack.labelRows))
        let expected = model.valueHead?(states) ?? .undefined
        outputs = Tensor.cat([pass.outputs, expected])
        logProbs = pass.values
        values = expected.detach().array()
        entropies = isGradEnabled ? states.detach().linearEntropies(model.outputWeight.detach()) : []
    }
}

extension Tensor {
    /// Entropies [N] of softmax(this [N, D] weight^T), a block of rows at a time: logits are never there at once.
    func linearEntropies(_ weight: Tensor, blockRows: Int = 64) -> [Float] {
        noGrad {
            let weight = weight.to(dtype)
            return stride(from: 0, to: size(0), by: blockRows).flatMap { first -> [Float] in
                let logits = self[first..<Swift.min(first + blockRows, size(0))].linear(weight).to(.float32)
                let logProbs = logits.logSoftmax()
                return (-(logProbs.exp() * logProbs)).sum(1).array()
            }
        }
    }
}
