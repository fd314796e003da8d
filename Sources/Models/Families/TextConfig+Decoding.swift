import Basics

extension TextConfig {
    /// The keys that Llama-like families share; biases are the family's.
    init(_ fields: ConfigFields) throws {
        let hidden = try fields.int("hidden_size"), heads = try fields.int("num_attention_heads")
        let maxPositions = try fields.int("max_position_embeddings", default: 32768)
        let activation = fields.object["hidden_act"] as? String ?? "silu"
        guard activation == "silu" else {
            throw FileError(fields.path, "hidden_act \"\(activation)\" is not supported, only silu")
        }
        let keyValueHeads = try fields.int("num_key_value_heads", default: heads)
        guard heads > 0, keyValueHeads > 0, heads % keyValueHeads == 0 else {
            throw FileError(
                fields.path, "num_attention_heads \(heads) is not a multiple of num_key_value_heads \(keyValueHeads)")
        }
        self.init(
            vocabularySize: try fields.int("vocab_size"), hiddenSize: hidden,
            intermediateSize: try fields.int("intermediate_size"),
            numLayers: try fields.int("num_hidden_layers"), numHeads: heads, numKeyValueHeads: keyValueHeads,
            headDim: try fields.int("head_dim", default: hidden / heads), maxPositions: maxPositions,
            rmsNormEpsilon: try fields.double("rms_norm_eps", default: 1e-6),
            tiesEmbeddings: try fields.bool("tie_word_embeddings", default: false), hasQKVBias: false,
            hasOutputBias: false,
            hasMLPBias: false, rope: try RopeConfig(fields, maxPositions: maxPositions))
    }
}
