public import NN
public import Torch

/// A causal language model, with a vision tower where the family has one.
public final class LanguageModel: Module {
    public let config: ModelConfig
    public let decoder: Decoder
    public let vision: VisionTower?
    /// Nil when the output layer is the embedding table.
    let output: LinearSlot?
    /// The output layer, where the model is packed for generation.
    var packedOutput: PackedWeight?
    /// Scores of a reward model, beside the output layer; not among `members`, for it has a file of its own.
    public var valueHead: ValueHead?
    /// The names the weights were loaded under, kept so that they are saved alike.
    var weightLayout = WeightLayout.identity

    /// The structure without weights: enough to count, plan and choose adapter targets.
    public init(_ config: ModelConfig) {
        self.config = config
        decoder = Decoder(config.text)
        vision = config.vision.map(VisionTower.init)
        output =
            config.text.tiesEmbeddings
            ? nil : LinearSlot(config.text.hiddenSize, config.text.vocabularySize, bias: false)
    }

    /// Members under the module paths of transformers 5.
    public var members: [Member] {
        let inner: [Member] =
            if let vision { [.module("model.visual", vision), .module("model.language_model", decoder)] } else {
                [.module("model", decoder)]
            }
        return inner + (output.map { [.linear("lm_head", $0)] } ?? [])
    }

    /// [V, D].
    public var outputWeight: Tensor { (output?.layer as? Linear)?.weight.value ?? decoder.embedding.weight.value }

    /// Final hidden states [T, D] of a packed batch, in the dtype `compute` (the embeddings' own when nil).
    /// With `recompute` a layer keeps only its input for the backward pass.
    public func hiddenStates(_ input: ModelInput, recompute: Bool = false, compute: DType? = nil) -> Tensor {
        var x = decoder.embedding(input.tokenIDs)
        let dtype = compute ?? x.dtype
        x = x.to(dtype)
        if let vision {
            for media in [input.images, input.videos].compactMap({ $0 }) {
                let tokens = vision(media.patches.to(dtype), grids: media.grids, recompute: recompute)
                x = x.replacingRows(at: media.tokenRows, with: tokens.to(dtype))
            }
        }
        return decoder(
            x, positions: input.positions, offsets: input.offsets, sharing: input.sharing, recompute: recompute)
    }

    /// Logits [T, V] of hidden states [T, D].
    public func logits(_ hidden: Tensor) -> Tensor { hidden.linear(outputWeight.to(hidden.dtype)) }
}
