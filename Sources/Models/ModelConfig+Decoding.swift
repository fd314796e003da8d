import Basics
public import Foundation
import Torch

extension ModelConfig {
    /// Reads `config.json` of a model folder.
    public init(folder: String) throws {
        let path = "\(folder)/config.json"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw FileError(
                folder, "has no config.json; model_name_or_path must be a local model folder (download the model first)"
            )
        }
        try self.init(json: data, path: path)
    }

    /// Decodes the text of a config.json; `path` is for messages.
    public init(json: Data, path: String) throws {
        guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
            throw FileError(path, "is not a JSON object")
        }
        let fields = ConfigFields(object, path: path)
        modelType = try fields.string("model_type")
        guard let family = ModelCatalog.family(modelType: modelType) else {
            throw FileError(
                path,
                "model_type \"\(modelType)\" is not supported; supported: \(ModelCatalog.modelTypes.joined(separator: ", "))"
            )
        }
        let name = object["dtype"] as? String ?? object["torch_dtype"] as? String ?? "float32"
        guard let dtype = DType(configName: name) else {
            throw FileError(path, "dtype \"\(name)\" is not supported")
        }
        self.dtype = dtype
        switch object["eos_token_id"] ?? (object["text_config"] as? [String: Any])?["eos_token_id"] {
        case let id as Int: eosTokenIDs = [id]
        case let ids as [Int]: eosTokenIDs = ids
        default: eosTokenIDs = []
        }
        initializerRange =
            try fields.section("text_config")?.double("initializer_range", default: 0.02)
            ?? fields.double("initializer_range", default: 0.02)
        valueHeadDropout = try fields.double("summary_dropout_prob", default: 0.1)
        (text, vision) = try family.decode(fields)
    }
}

/// Typed access to a config.json with messages that name the key.
struct ConfigFields {
    let object: [String: Any]
    let path: String

    init(_ object: [String: Any], path: String) {
        self.object = object
        self.path = path
    }

    func section(_ key: String) -> ConfigFields? {
        (object[key] as? [String: Any]).map { ConfigFields($0, path: path) }
    }

    func has(_ key: String) -> Bool { object[key] != nil && !(object[key] is NSNull) }

    func string(_ key: String) throws -> String { try value(key, "a string") }
    func int(_ key: String) throws -> Int { try value(key, "an integer") }
    func int(_ key: String, default fallback: Int) throws -> Int { has(key) ? try int(key) : fallback }
    func double(_ key: String) throws -> Double {
        guard let number = object[key] as? NSNumber else { throw wrong(key, "a number") }
        return number.doubleValue
    }
    func double(_ key: String, default fallback: Double) throws -> Double { has(key) ? try double(key) : fallback }
    func bool(_ key: String, default fallback: Bool) throws -> Bool {
        has(key) ? try value(key, "true or false") : fallback
    }

    private func value<Value>(_ key: String, _ expected: String) throws -> Value {
        guard let value = object[key] as? Value else { throw wrong(key, expected) }
        return value
    }

    private func wrong(_ key: String, _ expected: String) -> FileError {
        has(key)
            ? FileError(path, "\(key) is \(object[key] ?? ""), expected \(expected)")
            : FileError(path, "\(key) is missing")
    }
}
