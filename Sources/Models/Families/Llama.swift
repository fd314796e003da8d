/// Llama 2, 3, 3.1 and 3.2.
enum LlamaFamily: ModelFamily {
    static let modelTypes = ["llama"]
    static let layouts = [WeightLayout.identity]

    static func decode(_ fields: ConfigFields) throws -> (TextConfig, VisionConfig?) {
        var config = try TextConfig(fields)
        config.hasQKVBias = try fields.bool("attention_bias", default: false)
        config.hasOutputBias = config.hasQKVBias
        config.hasMLPBias = try fields.bool("mlp_bias", default: false)
        return (config, nil)
    }
}
