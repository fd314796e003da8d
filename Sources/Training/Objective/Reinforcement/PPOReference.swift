import Models
import NN
import Torch

/// What the policy is held to in stage ppo.
enum PPOReference {
    /// The policy without its adapter.
    case withoutAdapter
    /// A model of its own.
    case other(LanguageModel)

    /// Log-probabilities of a pack's labels; to be called without gradients.
    func logProbs(_ pack: PackData, model: LanguageModel, options: ForwardOptions) -> [Float] {
        switch self {
        case .other(let other): return AnswerPass(pack, model: other, options: options).values
        case .withoutAdapter:
            let layers = model.loraLayers.map(\.layer)
            for layer in layers { layer.isEnabled = false }
            defer { for layer in layers { layer.isEnabled = true } }
            return AnswerPass(pack, model: model, options: options).values
        }
    }
}
