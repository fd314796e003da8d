public import Models
import Torch

/// Cross-entropy of the next token at labelled positions; the output layer runs only there.
public struct SupervisedFineTuning: Objective {
    public init() {}

    public func loss(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> PackLoss {
        let input = pack.input(patchValues: model.config.vision?.patchValues ?? 1)
        let hidden = model.hiddenStates(input, recompute: options.recompute, compute: options.compute)
        let result = hidden.rows(Tensor(pack.labelRows)).linearCrossEntropy(
            model.outputWeight, labels: Tensor(pack.labels), weights: Tensor(pack.weights))
        return PackLoss(result.select(0, 0), numHits: Int(result.detach().select(0, 1).item))
    }
}
