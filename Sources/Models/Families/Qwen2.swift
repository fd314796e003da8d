import Basics

/// Qwen1.5, Qwen2 and Qwen2.5.
enum Qwen2Family: ModelFamily {
    static let modelTypes = ["qwen2"]
    static let layouts = [WeightLayout.identity]

    static func decode(_ fields: ConfigFields) throws -> (TextConfig, VisionConfig?) {
        if try fields.bool("use_sliding_window", default: false) {
            throw FileError(
                fields.path, "use_sliding_window is true; sliding-window attention is not supported yet")
        }
        var config = try TextConfig(fields)
        config.hasQKVBias = true
        return (config, nil)
    }
}
