/// Which files of a repository are downloaded: only those that are data. Pickles run code when they are read, so they are never
/// taken; nor are programs.
public struct HubSelection: Sendable, Hashable {
    /// Only files that one of these patterns matches; empty takes all that are of use.
    public var include: [String]
    /// No file that one of these patterns matches.
    public var exclude: [String]

    /// Patterns are shell patterns whose * also matches /, as in huggingface_hub.
    public init(include: [String] = [], exclude: [String] = []) {
        self.include = include
        self.exclude = exclude
    }

    private static let endings: Set<String> = [
        "safetensors", "json", "jsonl", "txt", "model", "jinja", "md", "yaml", "yml", "tiktoken", "csv", "tsv",
        "parquet",
        "arrow", "feather", "gguf", "jpg", "jpeg", "png", "webp", "gif", "bmp", "tiff", "mp4", "avi", "mkv", "webm",
        "mov", "wav",
        "mp3", "flac", "m4a", "ogg",
    ]
    private static let pickles: Set<String> = [
        "bin", "pt", "pth", "ckpt", "pkl", "pickle", "npy", "npz", "h5", "msgpack",
    ]
    private static let names: Set<String> = ["LICENSE", "NOTICE", "USE_POLICY"]

    static func ending(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    private static func isAllowed(_ path: String) -> Bool {
        endings.contains(ending(path)) || names.contains(path.split(separator: "/").last.map(String.init) ?? path)
    }

    /// The files to take.
    ///
    /// - Throws: `HubError` when a pattern asks for a pickle or a program, when a model only has pickles, or nothing is left.
    public func files(of all: [HubFile], in repository: HubRepository) throws(HubError) -> [HubFile] {
        let matching = all.filter { file in
            (include.isEmpty || include.contains { Glob($0).matches(file.path) })
                && !exclude.contains { Glob($0).matches(file.path) }
        }
        if !include.isEmpty, let refused = matching.first(where: { !Self.isAllowed($0.path) }),
            include.contains(refused.path) || !matching.contains(where: { Self.isAllowed($0.path) })
        {
            throw HubError(Self.refusal(refused.path))
        }
        var files = matching.filter { Self.isAllowed($0.path) }
        if include.isEmpty, repository.kind == .model {
            let hasModel = files.contains { $0.path.hasPrefix("model") && Self.ending($0.path) == "safetensors" }
            // Mistral's second copy of all weights, Llama's original form.
            files.removeAll {
                hasModel && $0.path.hasPrefix("consolidated") && Self.ending($0.path) == "safetensors"
                    || $0.path.hasPrefix("original/")
            }
            if !files.contains(where: { ["safetensors", "gguf"].contains(Self.ending($0.path)) }),
                let pickle = matching.first(where: { Self.pickles.contains(Self.ending($0.path)) })
            {
                throw HubError("\(repository): " + Self.refusal(pickle.path))
            }
        }
        guard !files.isEmpty else {
            throw HubError(
                "\(repository): none of its \(all.count) files "
                    + (include.isEmpty && exclude.isEmpty ? "is of use here" : "is taken by --include and --exclude"))
        }
        return files
    }

    private static func refusal(_ path: String) -> String {
        pickles.contains(ending(path))
            ? "\(path) is a pickle, which runs code when it is read: it is never downloaded. Take a model that has .safetensors"
            : "\(path) is no file of weights or data: programs and unknown files are never downloaded"
    }
}
