import ArgumentParser
import Hub
import Web

struct DownloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download", abstract: "Downloads a model or data set of a hub.",
        discussion: """
            anneal download ORGANISATION/NAME [--type dataset] [--hub modelscope] [--revision BRANCH] [--local-dir DIR]

            Goes on where an earlier download stopped and checks every file. Files lie where the hub's own program keeps them \
            (HF_HOME, HF_HUB_CACHE, MODELSCOPE_CACHE), so that both share them. Keys: HF_TOKEN, MODELSCOPE_API_TOKEN. Other \
            settings: HF_ENDPOINT, MODELSCOPE_ENDPOINT, HF_HUB_OFFLINE, USE_MODELSCOPE_HUB. Pickles (.bin, .pt) and programs \
            are never downloaded.
            """)

    @Argument(help: "ORGANISATION/NAME, also HF::ORGANISATION/NAME or MS::ORGANISATION/NAME.")
    var id: String

    @Option(help: "model or dataset.")
    var type = "model"

    @Option(help: "huggingface or modelscope.")
    var hub: String?

    @Option(help: "Branch, tag or commit.")
    var revision: String?

    @Option(name: .customLong("local-dir"), help: "Folder for plain files instead of the cache.")
    var localDir: String?

    @Option(help: "Only files that this pattern matches; * matches / too. May be repeated.")
    var include: [String] = []

    @Option(help: "No file that this pattern matches. May be repeated.")
    var exclude: [String] = []

    func run() throws {
        guard let kind = HubRepository.Kind(rawValue: type) else {
            throw CommandError("--type is '\(type)': write model or dataset")
        }
        let environment = HubEnvironment()
        let asked = try hub.map { name in
            guard let host = HubRepository.Host(rawValue: name) else {
                throw CommandError("--hub is '\(name)': write huggingface or modelscope")
            }
            return host
        }
        let marked = id.contains("::") ? try HubModels.repository(named: id, kind: kind, revision: revision) : nil
        if let marked, let asked, marked.host != asked {
            throw CommandError("\(id) is on \(marked.host.rawValue), --hub says \(asked.rawValue): leave one out")
        }
        let repository =
            try marked
            ?? HubRepository(host: asked ?? environment.defaultHost, kind: kind, id: id, revision: revision)
        let selection = HubSelection(include: include, exclude: exclude)
        let folder = try waitFor { [localDir] in
            let client = HubClient(environment, say: HubAccess.note)
            do {
                let folder = try await client.download(repository, selection, localFolder: localDir)
                await client.close()
                return folder
            } catch {
                await client.close()
                throw error
            }
        }
        print(folder)
    }
}
