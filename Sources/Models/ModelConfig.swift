import Foundation
public import Torch

/// A model folder's config.json, reduced to what the architecture needs.
public struct ModelConfig: Sendable, Equatable {
    /// `model_type` of config.json.
    public var modelType: String
    public var text: TextConfig
    /// Present for vision-language models.
    public var vision: VisionConfig?
    /// dtype the weights are stored in (`dtype` or `torch_dtype`).
    public var dtype: DType
    /// Ids that end a generation, from config.json (generation_config.json may say more).
    public var eosTokenIDs: [Int]
    /// Standard deviation of new weights.
    public var initializerRange: Double
    /// `summary_dropout_prob`: dropout before a value head, 0.1 without one (TRL).
    public var valueHeadDropout: Double
}

/// The decoder's shape.
public struct TextConfig: Sendable, Equatable {
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var numLayers: Int
    public var numHeads: Int
    public var numKeyValueHeads: Int
    public var headDim: Int
    public var maxPositions: Int
    public var rmsNormEpsilon: Double
    public var tiesEmbeddings: Bool
    /// Bias on q, k and v (Qwen2).
    public var hasQKVBias: Bool
    /// Bias on the attention's output projection (Llama with attention_bias).
    public var hasOutputBias: Bool
    public var hasMLPBias: Bool
    public var rope: RopeConfig
}

/// The vision tower's shape (Qwen2.5-VL).
public struct VisionConfig: Sendable, Equatable {
    public var depth: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var numHeads: Int
    public var inChannels: Int
    public var patchSize: Int
    public var temporalPatchSize: Int
    public var spatialMergeSize: Int
    /// Pixels of a window's side.
    public var windowSize: Int
    public var fullAttentionBlocks: [Int]
    public var outHiddenSize: Int
    public var tokensPerSecond: Double
    public var imageTokenID: Int
    public var videoTokenID: Int
    public var visionStartTokenID: Int

    /// Values of one patch: channels x frames x side x side.
    public var patchValues: Int { inChannels * temporalPatchSize * patchSize * patchSize }
}
