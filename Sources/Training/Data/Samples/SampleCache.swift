import Basics
import Datasets
import Foundation
import Prompting

/// Where encoded rows are kept between runs, and what they depend on.
struct SampleCache: Sendable {
    let folder: String?
    /// Forget what is there (`overwrite_cache`).
    let rebuilds: Bool
    /// The folder of the tokenizer's files.
    let tokenizerFolder: String

    init(folder: String? = CacheFolder.path, tokenizerFolder: String, rebuilds: Bool = false) {
        self.folder = folder
        self.rebuilds = rebuilds
        self.tokenizerFolder = tokenizerFolder
    }

    /// Removes what was not used for longest where the cache takes more than `ANNEAL_CACHE_LIMIT`; a line about it.
    ///
    /// - Parameter path: the store of this run.
    func makeRoom(keeping path: String? = nil) throws -> String? {
        guard let folder, let limit = try CacheFolder.limit() else { return nil }
        let removed = CacheFolder.shrink(folder, to: limit, keeping: path.map { [$0] } ?? [])
        guard removed.numEntries > 0 else { return nil }
        return
            "Cache: \(removed.numEntries) entries (\(removed.numBytes.byteText)) that were not used for longest are removed (ANNEAL_CACHE_LIMIT)."
    }

    /// Changes when the stored form changes, or what encoding means.
    private static let version = 3

    /// The key of rows that an encoder reads: the bytes of the data files, how rows are converted, chosen and ordered, the size and
    /// time of media files, the tokenizer's files, the template with all its words, and every setting.
    func key(of rows: RowSelection, _ encoder: RowEncoder) -> String {
        guard folder != nil else { return "" }
        var hash = Fingerprint()
        hash.add(Self.version)
        rows.addIdentity(to: &hash)
        encoder.addIdentity(to: &hash)
        Self.addTokenizer(tokenizerFolder, to: &hash)
        return hash.text
    }

    /// Identifies a run's tokenizer and template.
    static func tokenizerKey(_ run: TrainingRun) -> String {
        var hash = Fingerprint()
        hash.add("\(run.template)")
        addTokenizer(run.modelFolder, to: &hash)
        return hash.text
    }

    private static func addTokenizer(_ folder: String, to hash: inout Fingerprint) {
        for name in ["tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json", "merges.txt"] {
            hash.add(contentsOf: "\(folder)/\(name)")
        }
    }
}

extension RowEncoder {
    /// Adds all that ids and labels depend on besides the row.
    func addIdentity(to hash: inout Fingerprint) {
        hash.add("\(purpose)")
        hash.add("\(encoder.settings)")
        hash.add("\(encoder.template)")
        hash.add("\(String(describing: media))")
        for token in encoder.tokenizer.addedTokens { hash.add("\(token)") }
        hash.add("\(String(describing: encoder.tokenizer.bosID)) \(String(describing: encoder.tokenizer.eosID))")
        hash.add("\(String(describing: encoder.tokenizer.padID))")
        // What the template really does, in case its description does not show all of it; some tell the model the date.
        let probe = Conversation(
            system: "a b", tools: #"[{"name": "f", "description": "g", "parameters": {}}]"#,
            messages: [
                Message(.user, "1"), Message(.assistant, "<think>2</think>3"), Message(.user, "4"),
                Message(.assistant, "5"),
            ])
        for conversation in [probe, Conversation(messages: Array(probe.messages.prefix(2)))] {
            let ids = (try? encoder.encode(conversation, media: .none))?.inputIDs ?? []
            ids.withUnsafeBytes { hash.add($0) }
        }
    }
}
