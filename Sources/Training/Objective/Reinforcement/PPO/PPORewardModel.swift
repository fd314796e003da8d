import Models
import NN
import Torch

/// Scores by a reward model: the value head at the last token of an answer. It is a model of its own (`reward_model_type: full`) or
/// an adapter and a value head on the policy's weights (`lora`), which are put in the place of the policy's while it scores.
final class PPORewardModel: AnswerScoring {
    private enum Place {
        case full(LanguageModel)
        /// For each linear layer of the policy what stands there while scores are made.
        case adapter([any LinearLayer])
    }

    private let place: Place
    private let head: ValueHead
    private let packs: RolloutPacks

    /// A model with adapters merged into it, or beside its codes.
    ///
    /// - Throws: when a folder is no model, or has no value head.
    init(
        folder: String, adapters: [String], compute: DType, quantization: PackedWeight.Code? = nil,
        packs: RolloutPacks
    ) throws {
        let model = try scope("loading the reward model \(folder)") {
            try LanguageModel.load(folder: folder, dtype: compute, quantization: quantization)
        }
        for adapter in adapters {
            try model.loadLoRA(folder: adapter)
            try scope("merging \(adapter)") { model.mergeLoRA() }
        }
        place = .full(model)
        head = try Self.head(adapters.suffix(1) + [folder], model)
        self.packs = packs
    }

    /// An adapter of the stage rm on the weights of `policy`, which is left as it was.
    init(adapter folder: String, policy: LanguageModel, packs: RolloutPacks) throws {
        let slots = policy.linears().map(\.slot), own = slots.map(\.layer)
        defer { for (slot, layer) in zip(slots, own) { slot.layer = layer } }
        for slot in slots { slot.layer = (slot.layer as? LoRALinear)?.base ?? slot.layer }
        try scope("loading the reward adapter \(folder)") { _ = try policy.loadLoRA(folder: folder) }
        place = .adapter(slots.map(\.layer))
        head = try Self.head([folder], policy)
        self.packs = packs
    }

    private static func head(_ folders: [String], _ model: LanguageModel) throws -> ValueHead {
        let head = ValueHead(hiddenSize: model.config.text.hiddenSize, dropout: 0)
        for folder in folders where try head.load(folder: folder) { return head }
        throw TrainingError(
            "\(folders.joined(separator: " and ")): no \(ValueHead.fileName), so it is no reward model; train one with stage: rm"
        )
    }

    func marks(
        _ rollouts: [Rollout], prompts: [RolloutPrompt], model: LanguageModel, options: ForwardOptions
    ) throws -> [AnswerMark] {
        switch place {
        case .full(let own): return try marks(rollouts, prompts, own, options)
        case .adapter(let layers):
            let slots = model.linears().map(\.slot), own = slots.map(\.layer)
            for (slot, layer) in zip(slots, layers) { slot.layer = layer }
            defer { for (slot, layer) in zip(slots, own) { slot.layer = layer } }
            return try marks(rollouts, prompts, model, options)
        }
    }

    private func marks(
        _ rollouts: [Rollout], _ prompts: [RolloutPrompt], _ model: LanguageModel, _ options: ForwardOptions
    ) throws -> [AnswerMark] {
        var marks: [AnswerMark] = []
        for pack in packs.packs(rollouts, prompts: prompts) {
            let scores: [Float] = try scope("rewards") {
                noGrad {
                    let input = pack.input(patchValues: model.config.vision?.patchValues ?? 1)
                    let hidden = model.hiddenStates(input, compute: options.compute)
                    return head(hidden.rows(Tensor((pack.preference?.answers ?? []).map { $0.rows.upperBound - 1 })))
                        .array()
                }
            }
            marks += scores.map { AnswerMark(Double($0)) }
        }
        return marks
    }
}
