import Foundation
import Yams

/// Which files of a data set's repository hold the rows of a configuration and split.
///
/// Hugging Face's rules: `configs` at the head of README.md, else shards named data/train-00000-of-00002.parquet, else folders and
/// then files named after splits, else all data files are the split train. Source: datasets/data_files.py (4.0).
struct DatasetFiles {
    private let paths: [String]
    private let readme: String?
    private let repository: HubRepository

    /// - Parameter readme: the text of README.md.
    init(_ paths: [String], readme: String?, _ repository: HubRepository) {
        self.paths = paths.filter { Self.types[HubSelection.ending($0)] != nil && !Self.isHidden($0) }.sorted()
        self.readme = readme
        self.repository = repository
    }

    private static let types = [
        "json": "json", "jsonl": "json", "csv": "csv", "tsv": "tsv", "txt": "txt", "parquet": "parquet",
        "arrow": "arrow",
        "feather": "arrow",
    ]
    private static let ignored = [
        "config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json",
    ]
    private static let keywords = [
        ("train", ["train", "training"]), ("validation", ["validation", "valid", "dev", "val"]),
        ("test", ["test", "testing", "eval", "evaluation"]),
    ]

    private static func isHidden(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        return parts.contains { $0.hasPrefix(".") || $0.hasPrefix("__") }
            || ignored.contains(parts.last.map(String.init) ?? "")
    }

    /// The files of a split, all of one type.
    ///
    /// - Throws: `HubError` that lists the configurations or splits there are.
    func files(subset: String?, split: String, folder: String?) throws(HubError) -> [String] {
        guard split.utf8.allSatisfy({ $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: "+") }) else {
            throw HubError(
                "\(repository): the split '\(split)' is more than a name: use `num_samples` or `max_samples`")
        }
        let splits = try self.splits(subset: subset, folder: folder)
        guard let files = splits.first(where: { $0.name == split })?.files, !files.isEmpty else {
            let names = splits.map { "'\($0.name)'" }.joined(separator: ", ")
            throw HubError(
                "\(repository) has no split '\(split)': " + (names.isEmpty ? "it has no data files" : "it has \(names)")
            )
        }
        let types = Dictionary(grouping: files) { Self.types[HubSelection.ending($0)] ?? "" }
        // The type of most files is the data set's.
        let type = types.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }?.key
        return files.filter { Self.types[HubSelection.ending($0)] == type }
    }

    private typealias Split = (name: String, files: [String])

    private func splits(subset: String?, folder: String?) throws(HubError) -> [Split] {
        let configurations = try self.configurations()
        if let configuration = try choose(configurations, subset) {
            let base = folder ?? configuration.folder
            guard configuration.splits.isEmpty else {
                return configuration.splits.map { split in
                    let globs = split.files.map { Glob((base.map { $0 + "/" } ?? "") + $0, crossesFolders: false) }
                    return (split.name, paths.filter { path in globs.contains { $0.matches(path) } })
                }
            }
            return detected(below: base)
        }
        if let subset {
            // Without configurations a subset can only be a folder.
            guard paths.contains(where: { $0.hasPrefix(subset + "/") }) else {
                throw HubError("\(repository) has no subset '\(subset)': remove `subset`, or name one of its folders")
            }
            return detected(below: folder.map { subset + "/" + $0 } ?? subset)
        }
        return detected(below: folder)
    }

    // MARK: README

    private struct Configuration {
        let name: String
        let isDefault: Bool
        let folder: String?
        let splits: [Split]
    }

    private func choose(_ all: [Configuration], _ subset: String?) throws(HubError) -> Configuration? {
        guard !all.isEmpty else { return nil }
        let names = all.map { "'\($0.name)'" }.joined(separator: ", ")
        if let subset {
            if let found = all.first(where: { $0.name == subset }) { return found }
            throw HubError("\(repository) has no subset '\(subset)': it has \(names)")
        }
        if let found = all.first(where: \.isDefault) ?? all.first(where: { $0.name == "default" })
            ?? (all.count == 1 ? all[0] : nil)
        {
            return found
        }
        throw HubError("\(repository) has several subsets: name one of \(names) as `subset`")
    }

    private func configurations() throws(HubError) -> [Configuration] {
        guard let readme, readme.hasPrefix("---\n") || readme.hasPrefix("---\r\n") else { return [] }
        let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
        let head = lines.dropFirst().prefix { $0.trimmingCharacters(in: .whitespaces) != "---" }.joined(separator: "\n")
        guard head.utf8.count < 1 << 20, let loaded = try? Yams.load(yaml: head) else { return [] }
        let list = (loaded as? [String: Any])?["configs"] as? [Any] ?? []
        return list.compactMap { entry in
            guard let entry = entry as? [String: Any], let name = entry["config_name"] else { return nil }
            return Configuration(
                name: "\(name)", isDefault: entry["default"] as? Bool ?? false, folder: entry["data_dir"] as? String,
                splits: Self.splits(entry["data_files"]))
        }
    }

    /// `data_files`: a pattern, a list of patterns, or a list of {split, path}.
    private static func splits(_ value: Any?) -> [Split] {
        if let pattern = value as? String { return [("train", [pattern])] }
        if let named = value as? [String: Any] {
            return named.sorted { $0.key < $1.key }.map { ($0.key, splits($0.value).first?.files ?? []) }
        }
        guard let list = value as? [Any] else { return [] }
        let patterns = list.compactMap { $0 as? String }
        if !patterns.isEmpty { return [("train", patterns)] }
        return list.compactMap { entry in
            guard let entry = entry as? [String: Any], let split = entry["split"] as? String else { return nil }
            if let pattern = entry["path"] as? String { return (split, [pattern]) }
            return (split, (entry["path"] as? [Any] ?? []).compactMap { $0 as? String })
        }
    }

    // MARK: Names

    private func detected(below folder: String?) -> [Split] {
        let prefix = folder.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? ""
        let paths = paths.filter { $0.hasPrefix(prefix) }
        func relative(_ path: String) -> Substring { path.dropFirst(prefix.count) }
        // data/train-00000-of-00002.parquet, of any split's name.
        var shards: [String: [String]] = [:]
        for path in paths {
            if let match = relative(path).wholeMatch(of: /data\/([^\/]+)-[0-9]{5}-of-[0-9]{5}[^\/]*\.[^\/]*/) {
                shards[String(match.1), default: []].append(path)
            }
        }
        if !shards.isEmpty { return shards.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
        for inFolders in [true, false] {
            let splits = Self.keywords.compactMap { name, words -> Split? in
                let files = paths.filter { path in
                    let parts = relative(path).split(separator: "/")
                    let candidates = inFolders ? Array(parts.dropLast()) : Array(parts.suffix(1))
                    return candidates.contains { part in words.contains { Self.names(part, $0, isFolder: inFolders) } }
                }
                return files.isEmpty ? nil : (name, files)
            }
            if !splits.isEmpty { return splits }
        }
        return paths.isEmpty ? [] : [("train", paths)]
    }

    /// Whether a name has a word in it that stands by itself: between the ends, separators and digits.
    private static func names(_ part: Substring, _ word: String, isFolder: Bool) -> Bool {
        func isSeparator(_ character: Character) -> Bool { "-._ 0123456789".contains(character) }
        for range in part.ranges(of: word) {
            let startsWell =
                range.lowerBound == part.startIndex || isSeparator(part[part.index(before: range.lowerBound)])
            // A file's word is followed by its ending at least.
            let endsWell = range.upperBound == part.endIndex ? isFolder : isSeparator(part[range.upperBound])
            if startsWell, endsWell { return true }
        }
        return false
    }
}
