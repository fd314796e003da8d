import Datasets
import Foundation
import Hub
import RunConfig
import Web

/// Connects what names models and data sets with what downloads them.
enum HubAccess {
    /// Lets data sets come from hubs; called when the program starts, asks nothing of any network.
    static func install() { HubData.use(Source()) }

    /// The configuration with models and adapters of hubs as the folders they were downloaded to.
    static func resolved(_ config: RunConfig) throws -> RunConfig {
        var config = config
        let revision = config.model.modelRevision
        if let name = config.model.modelNameOrPath {
            config.model.modelNameOrPath = try HubModels.folder(named: name, revision: revision, say: note)
        }
        if config.model.adapterFolder == nil, let names = config.model.adapterNameOrPath {
            config.model.adapterNameOrPath = try names.map { try HubModels.folder(named: $0, say: note) }
        }
        return config
    }

    /// The arguments of a command with a hub's name in the first place as a folder: `anneal chat org/name`.
    static func resolved(arguments: [String]) throws -> [String] {
        guard let first = arguments.first, !first.contains("="), !first.hasPrefix("-") else { return arguments }
        return [try HubModels.folder(named: first, say: note)] + arguments.dropFirst()
    }

    /// One line on standard error: standard output belongs to the command.
    static func note(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    private struct Source: HubDataSource {
        func files(of data: HubData) throws -> [String] {
            let environment = HubEnvironment()
            let host: HubRepository.Host =
                switch data.host {
                case .huggingFace: .huggingface
                case .modelScope: .modelscope
                case nil: environment.defaultHost
                }
            let repository = try HubRepository(host: host, kind: .dataset, id: data.id)
            return try waitFor {
                let client = HubClient(environment, say: note)
                do {
                    let files = try await client.dataFiles(
                        repository, subset: data.subset, split: data.split, folder: data.folder)
                    await client.close()
                    return files
                } catch {
                    await client.close()
                    throw error
                }
            }
        }
    }
}
