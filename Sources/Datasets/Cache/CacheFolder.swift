import Foundation

/// Where prepared data is kept between runs.
public enum CacheFolder {
    /// `ANNEAL_CACHE` ("off" keeps nothing), else `anneal` in `HF_DATASETS_CACHE`, else `anneal` in the user's cache
    /// folder (`XDG_CACHE_HOME`, or `.cache` at home).
    public static var path: String? { path(environment: ProcessInfo.processInfo.environment) }

    /// Bytes of all files below a folder; links are not followed. 0 where there is no such folder.
    public static func size(of folder: String) -> Int {
        let keys: [URLResourceKey] = [.isRegularFileKey, .fileSizeKey]
        guard
            let files = FileManager.default.enumerator(
                at: URL(fileURLWithPath: folder), includingPropertiesForKeys: keys)
        else { return 0 }
        var size = 0
        for case let file as URL in files {
            guard let values = try? file.resourceValues(forKeys: Set(keys)), values.isRegularFile == true else {
                continue
            }
            size += values.fileSize ?? 0
        }
        return size
    }

    /// The folder in another environment.
    static func path(environment: [String: String]) -> String? {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let own = value("ANNEAL_CACHE") { return own == "off" ? nil : own }
        if let datasets = value("HF_DATASETS_CACHE") { return "\(datasets)/anneal" }
        if let cache = value("XDG_CACHE_HOME") { return "\(cache)/anneal" }
        return value("HOME").map { "\($0)/.cache/anneal" }
    }
}
