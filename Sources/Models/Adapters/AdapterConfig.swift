import Basics
public import Foundation

/// PEFT's adapter_config.json, as far as LoRA needs it.
public struct AdapterConfig: Sendable, Equatable {
    /// Which layers are adapted: names that end a module path, or one regular expression over whole paths.
    public enum Targets: Sendable, Equatable {
        case names([String])
        case pattern(String)
    }

    public var baseModel: String
    public var rank: Int
    public var alpha: Double
    public var dropout: Double
    public var targets: Targets
    public var usesRankStabilizedScale = false

    public init(baseModel: String, rank: Int, alpha: Double, dropout: Double, targets: Targets) {
        self.baseModel = baseModel
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.targets = targets
    }

    /// Reads `adapter_config.json` of `folder`; variants that would change the mathematics are refused by name.
    public init(folder: String) throws {
        let path = "\(folder)/adapter_config.json"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw FileError(
                folder, "has no adapter_config.json; adapter_name_or_path must be a PEFT adapter folder")
        }
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw FileError(path, "is not a JSON object")
        }
        let fields = ConfigFields(object, path: path)
        let kind = try fields.string("peft_type")
        guard kind == "LORA" else { throw FileError(path, "peft_type \(kind) is not supported, only LORA") }
        for key in ["use_dora", "fan_in_fan_out", "lora_bias", "use_qalora"] where try fields.bool(key, default: false)
        {
            throw FileError(path, "\(key) is true; this variant is not supported")
        }
        for key in ["rank_pattern", "alpha_pattern"] where (object[key] as? [String: Any])?.isEmpty == false {
            throw FileError(path, "\(key) is not empty; layers of different rank are not supported")
        }
        for key in [
            "layers_to_transform", "exclude_modules", "layer_replication", "trainable_token_indices",
            "target_parameters",
        ]
        where fields.has(key) {
            throw FileError(path, "\(key) is set; this variant is not supported")
        }
        if fields.has("modules_to_save") {
            throw FileError(path, "modules_to_save is set; whole trained layers are not supported yet")
        }
        let bias = object["bias"] as? String ?? "none"
        guard bias == "none" else { throw FileError(path, "bias \"\(bias)\" is not supported, only \"none\"") }
        baseModel = object["base_model_name_or_path"] as? String ?? ""
        rank = try fields.int("r")
        alpha = try fields.double("lora_alpha")
        dropout = try fields.double("lora_dropout", default: 0)
        usesRankStabilizedScale = try fields.bool("use_rslora", default: false)
        switch object["target_modules"] {
        case let names as [String]: targets = .names(names)
        case let pattern as String: targets = .pattern(pattern)
        default: throw FileError(path, "target_modules is neither a list of names nor a pattern")
        }
        guard rank > 0 else { throw FileError(path, "r is \(rank), expected at least 1") }
    }

    /// The file's text, with every key PEFT 0.18 writes.
    public func json() throws -> Data {
        let none = NSNull()
        var object: [String: Any] = [:]
        for key in [
            "alora_invocation_tokens", "arrow_config", "auto_mapping", "corda_config", "eva_config", "exclude_modules",
            "layer_replication", "layers_pattern", "layers_to_transform", "megatron_config", "modules_to_save",
            "revision",
            "target_parameters", "trainable_token_indices",
        ] { object[key] = none }
        for key in ["ensure_weight_tying", "fan_in_fan_out", "lora_bias", "use_dora", "use_qalora"] {
            object[key] = false
        }
        for key in ["alpha_pattern", "loftq_config", "rank_pattern"] { object[key] = [String: Any]() }
        object["base_model_name_or_path"] = baseModel
        object["bias"] = "none"
        object["inference_mode"] = true
        object["init_lora_weights"] = true
        object["lora_alpha"] = alpha == alpha.rounded() ? Int(alpha) as Any : alpha
        object["lora_dropout"] = dropout
        object["megatron_core"] = "megatron.core"
        object["peft_type"] = "LORA"
        object["peft_version"] = "0.18.1"
        object["qalora_group_size"] = 16
        object["r"] = rank
        object["target_modules"] =
            switch targets {
            case .names(let names): names as Any
            case .pattern(let pattern): pattern
            }
        object["task_type"] = "CAUSAL_LM"
        object["use_rslora"] = usesRankStabilizedScale
        return try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    /// Whether a module path is adapted, by PEFT's rule.
    func matches(_ path: String) throws -> Bool {
        switch targets {
        case .names(let names): names.contains { path == $0 || path.hasSuffix("." + $0) }
        case .pattern(let pattern): try Self.fullMatch(pattern, path)
        }
    }

    static func fullMatch(_ pattern: String, _ text: String) throws -> Bool {
        guard let expression = try? NSRegularExpression(pattern: "^(?:\(pattern))$") else {
            throw FileError("lora_target", "\"\(pattern)\" is not a regular expression")
        }
        return expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
    }
}
