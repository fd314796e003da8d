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
        entropies = isGradEnabled ? pass.entropies(pack, model: model, temperature: 1) : []
    }
}
