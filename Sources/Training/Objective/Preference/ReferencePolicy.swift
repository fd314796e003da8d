import Models
import NN
import Torch

/// What the policy is compared with, and how its log-probabilities are had during training.
enum ReferencePolicy: Sendable {
    /// The loss needs none.
    case none
    /// The policy without its adapter, in a pass of its own each step.
    case withoutAdapter
    /// They were computed before training and are part of the data.
    case precomputed

    /// Log-probabilities of the pack's answers under the reference.
    func sums(_ pack: PackData, model: LanguageModel, options: ForwardOptions) -> [Double] {
        let answers = pack.preference?.answers ?? []
        switch self {
        case .none: return answers.map { _ in 0 }
        case .precomputed: return answers.map { $0.reference ?? .nan }
        case .withoutAdapter:
            let layers = model.loraLayers.map(\.layer)
            for layer in layers { layer.isEnabled = false }
            defer { for layer in layers { layer.isEnabled = true } }
            return AnswerPass.sums(pack, model: model, options: options)
        }
    }
}
