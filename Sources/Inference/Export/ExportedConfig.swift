import Foundation
import JSON
import Models
import Torch

/// The JSON files of an exported model: the base's, with what changed.
enum ExportedConfig {
    /// config.json with the number format of the weights as they are now, in every section that names one.
    static func config(folder: String, dtype: DType) throws -> String {
        func changed(_ value: JSONValue, isTop: Bool) -> JSONValue {
            guard var members = value.members else { return value }
            for index in members.indices {
                switch members[index].key {
                case "dtype", "torch_dtype": members[index].value = .string(dtype.configName)
                case "text_config", "vision_config": members[index].value = changed(members[index].value, isTop: false)
                default: break
                }
            }
            if isTop, !members.contains(where: { $0.key == "dtype" || $0.key == "torch_dtype" }) {
                members.append(JSONMember("dtype", .string(dtype.configName)))
            }
            return .object(members)
        }
        return changed(try read("\(folder)/config.json"), isTop: true).text(indent: 2) + "\n"
    }

    /// generation_config.json as it is, or the ids that end an answer where the base has no such file.
    static func generationConfig(folder: String, _ config: ModelConfig) throws -> String? {
        if let data = FileManager.default.contents(atPath: "\(folder)/generation_config.json") {
            return String(decoding: data, as: UTF8.self)
        }
        guard !config.eosTokenIDs.isEmpty else { return nil }
        return
            "{\n  \"_from_model_config\": true,\n  \"eos_token_id\": [\(config.eosTokenIDs.map(String.init).joined(separator: ", "))]\n}\n"
    }

    /// Sets padding_side in tokenizer_config.json: batches are padded on the left for generation.
    static func padLeft(folder: String) throws {
        let path = "\(folder)/tokenizer_config.json"
        var members = (try read(path).members ?? []).filter { $0.key != "padding_side" }
        members.append(JSONMember("padding_side", .string("left")))
        try Data((JSONValue.object(members).text(indent: 2) + "\n").utf8).write(
            to: URL(fileURLWithPath: path), options: .atomic)
    }

    private static func read(_ path: String) throws -> JSONValue {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InferenceError("\(path) cannot be read")
        }
        do { return try JSONValue(parsing: String(decoding: data, as: UTF8.self)) } catch {
            throw InferenceError("\(path): \(error)")
        }
    }
}
