import Foundation
import Models
import Prompting

/// Where a model lies: the folder of its weights and the adapters that go onto it.
public struct ModelLocation: Sendable, Equatable {
    public var modelFolder: String
    public var adapters: [String]

    public init(modelFolder: String, adapters: [String] = []) {
        self.modelFolder = modelFolder
        self.adapters = adapters
    }

    /// What a folder given alone stands for: a model, or an adapter whose base is recorded beside it.
    ///
    /// - Throws: when the folder is neither, or the recorded base is not on this machine.
    public init(folder: String) throws {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw InferenceError("\(folder): there is no such folder; give a model folder or an adapter folder")
        }
        guard Self.isAdapter(folder) else {
            guard files.fileExists(atPath: "\(folder)/config.json") else {
                throw InferenceError(
                    "\(folder) is no model folder (no config.json) and no adapter folder (no adapter_config.json)")
            }
            self.init(modelFolder: folder)
            return
        }
        let recorded = [InferenceDefaults(folder: folder)?.baseModel, try AdapterConfig(folder: folder).baseModel]
            .compactMap { $0 }.filter { !$0.isEmpty }
        // A recorded path is relative to where the run was started, or the folders were moved together.
        let candidates = recorded.flatMap { $0.hasPrefix("/") ? [$0] : [$0, "\(folder)/\($0)"] }
        guard let base = candidates.first(where: { files.fileExists(atPath: "\($0)/config.json") }) else {
            let name =
                recorded.first.map { "its base model \($0) is not here" }
                ?? "it does not say which base model it belongs to"
            throw InferenceError("\(folder) is an adapter, and \(name); add model_name_or_path=FOLDER")
        }
        self.init(modelFolder: base, adapters: [folder])
    }

    /// Whether a folder holds an adapter.
    static func isAdapter(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/adapter_config.json")
    }

    /// The settings this location stands for, as `key=value` overrides.
    public var overrides: [String] {
        let quoted = adapters.map(Self.quoted).joined(separator: ", ")
        return ["model_name_or_path=\(Self.quoted(modelFolder))"]
            + (adapters.isEmpty ? [] : ["adapter_name_or_path=[\(quoted)]"])
    }

    /// A YAML string that means exactly this text.
    private static func quoted(_ text: String) -> String { "'" + text.replacingOccurrences(of: "'", with: "''") + "'" }
}
