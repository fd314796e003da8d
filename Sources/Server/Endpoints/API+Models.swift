import Foundation
import Inference
import JSON
import Reporting

extension API {
    /// GET /v1/models: the model under all its names, then the adapters.
    func models() -> Reply { .json(["object": "list", "data": .array(allModels)]) }

    /// GET /v1/models/NAME.
    func model(named name: String) throws(APIError) -> Reply {
        guard let model = allModels.first(where: { $0["id"]?.stringValue == name }) else { throw .unknownModel(name) }
        return .json(model)
    }

    private var allModels: [JSONValue] {
        settings.modelNames.map { model($0, root: settings.modelRoot, parent: nil) }
            + engine.adapters.map { model($0.name, root: $0.folder, parent: settings.modelNames.first) }
    }

    private func model(_ name: String, root: String, parent: String?) -> JSONValue {
        [
            "id": .string(name), "object": "model", "created": .int(created), "owned_by": "anneal",
            "root": .string(root),
            "parent": JSONValue(parent), "max_model_len": .int(engine.maxModelLength), "permission": [],
        ]
    }

    /// POST /v1/load_lora_adapter.
    func loadAdapter(_ body: JSONValue) async throws -> Reply {
        let fields = try adapterFields(body)
        guard let path = try fields.string("lora_path"), !path.isEmpty else {
            throw fields.invalid("lora_path", "is missing")
        }
        let name = try adapterName(fields)
        guard !settings.modelNames.contains(name), !engine.adapterNames.contains(name) else {
            throw fields.invalid("lora_name", "\(quoted(name)) is loaded already")
        }
        do {
            try await engine.loadAdapter(named: name, folder: path)
        } catch {
            throw fields.invalid("lora_path", "\(error)")
        }
        return .text("Success: LoRA adapter '\(name)' added successfully.", type: "text/plain; charset=utf-8")
    }

    /// POST /v1/unload_lora_adapter.
    func unloadAdapter(_ body: JSONValue) async throws -> Reply {
        let fields = try adapterFields(body)
        let name = try adapterName(fields)
        guard engine.adapterNames.contains(name) else { throw APIError.unknownModel(name) }
        try await engine.unloadAdapter(named: name)
        return .text("Success: LoRA adapter '\(name)' removed successfully.", type: "text/plain; charset=utf-8")
    }

    private func adapterFields(_ body: JSONValue) throws(APIError) -> Fields {
        guard settings.loadsAdapters else {
            throw APIError(
                403, "adapters cannot be loaded or unloaded: start the server with --enable-lora",
                type: "permission_error")
        }
        return try Fields(body)
    }

    private func adapterName(_ fields: Fields) throws(APIError) -> String {
        guard let name = try fields.string("lora_name"), !name.isEmpty, name.utf8.count <= 256 else {
            throw fields.invalid("lora_name", "must be a name of 1 to 256 bytes")
        }
        return name
    }

    func version() -> Reply { .json(["version": .string(Program.version)]) }
}
