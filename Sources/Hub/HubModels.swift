import Foundation
import Web

/// Models and data sets of hubs by the names that users write, fetched when they are needed.
public enum HubModels {
    /// The repository that a name means: "HF::org/name", "MS::org/name", or "org/name" where no such path exists.
    ///
    /// - Parameter revision: nil or "main" takes the hub's main branch.
    /// - Returns: nil when the name is a path.
    public static func repository(
        named name: String, kind: HubRepository.Kind = .model, revision: String? = nil,
        environment: HubEnvironment = HubEnvironment()
    ) throws(HubError) -> HubRepository? {
        let revision = revision == "main" ? nil : revision
        for (mark, host) in [("HF::", HubRepository.Host.huggingface), ("MS::", .modelscope)] where name.hasPrefix(mark)
        {
            return try HubRepository(host: host, kind: kind, id: String(name.dropFirst(mark.count)), revision: revision)
        }
        guard HubRepository.isID(name), !FileManager.default.fileExists(atPath: name) else { return nil }
        return try HubRepository(host: environment.defaultHost, kind: kind, id: name, revision: revision)
    }

    /// The folder of a model: the path itself, or what was downloaded under a hub's name.
    ///
    /// - Parameter say: receives a line that tells what is downloaded where.
    public static func folder(
        named name: String, revision: String? = nil, say: @escaping @Sendable (String) -> Void
    ) throws -> String {
        guard let repository = try repository(named: name, revision: revision) else { return name }
        do {
            return try waitFor {
                let client = HubClient(say: say)
                do {
                    let folder = try await client.download(repository)
                    await client.close()
                    return folder
                } catch {
                    await client.close()
                    throw error
                }
            }
        } catch let error as HubError {
            guard !name.contains("::") else { throw error }
            throw HubError("there is no folder '\(name)' here, and \(error)")
        }
    }
}
