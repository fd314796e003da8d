/// Every supported architecture: one line a family.
public enum ModelCatalog {
    static let families: [any ModelFamily.Type] = [
        Qwen2Family.self,
        LlamaFamily.self,
        Qwen25VLFamily.self,
    ]

    public static var modelTypes: [String] { families.flatMap { $0.modelTypes } }

    static func family(modelType: String) -> (any ModelFamily.Type)? {
        families.first { $0.modelTypes.contains(modelType) }
    }
}

/// What distinguishes a family: how its config.json is read and how its weights are named.
protocol ModelFamily: Sendable {
    /// `model_type` values of config.json.
    static var modelTypes: [String] { get }
    static func decode(_ fields: ConfigFields) throws -> (TextConfig, VisionConfig?)
    /// Prefixes of published checkpoint layouts, each as a list of (prefix in the file, prefix of transformers 5).
    static var layouts: [WeightLayout] { get }
}
