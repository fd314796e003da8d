import Models
import NN
import Torch

/// What a policy that writes its own answers is compared with, token by token.
enum RolloutReference {
    case none
    /// The policy without its adapter.
    case withoutAdapter
    /// Another model: the start of a full fine-tuning, or one that was named.
    case model(LanguageModel)

    var isThere: Bool { if case .none = self { false } else { true } }

    /// Log-probabilities of the pack's labels at a temperature; empty without a reference.
    func logprobs(
        _ pack: PackData, policy: LanguageModel, options: ForwardOptions, temperature: Double
    ) -> [Float] {
        func values(_ model: LanguageModel) -> [Float] {
            noGrad { AnswerPass(pack, model: model, options: options, temperature: temperature).values }
        }
        switch self {
        case .none: return []
        case .model(let model): return values(model)
        case .withoutAdapter:
            let layers = policy.loraLayers.map(\.layer)
            for layer in layers { layer.isEnabled = false }
            defer { for layer in layers { layer.isEnabled = true } }
            return values(policy)
        }
    }
}
