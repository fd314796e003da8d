import Basics
public import Foundation
import JSON
import Prompting

/// The entries of a dataset_info.json, with LLaMA-Factory's rules and defaults.
public struct DatasetInfo: Sendable {
    /// The file's path.
    public let path: String
    private let entries: [(name: String, value: JSONValue)]

    /// Reads a dataset_info.json.
    public init(path: String) throws(DataError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DataError(
                """
                there is no such file: it should list the data sets of its folder (`dataset_dir`); a file is named by its path, a \
                hub's data set as HF::organisation/name
                """, file: path)
        }
        try self.init(data, path: path)
    }

    /// Reads the bytes of a dataset_info.json; `path` is only used in messages.
    public init(_ data: Data, path: String) throws(DataError) {
        // One object, so it is read as a file of one row.
        let records = try RecordFile.parse(data, path: path)
        guard records.count == 1, let record = records.first else {
            throw DataError(
                "the file should hold one object with an entry for each data set: {\"name\": {…}}", file: path)
        }
        self.path = path
        entries = record.members.map { ($0.key, $0.value) }
    }

    /// The names of all data sets, in the order of the file.
    public var names: [String] { entries.map(\.name) }

    /// Whether there is a data set of this name.
    public func contains(_ name: String) -> Bool { entries.contains { $0.name == name } }

    /// The description of a data set.
    ///
    /// - Parameter readsTexts: whether rows are texts (stage pt), which need no answers.
    /// - Throws: an error that names what is wrong with the entry, or the nearest name.
    public func description(of name: String, readsTexts: Bool = false) throws(DataError) -> DatasetDescription {
        guard let entry = entries.last(where: { $0.name == name })?.value else {
            throw DataError(
                "undefined data set '\(name)'" + NearestName.hint(for: name, among: names, plural: "data sets"),
                file: path)
        }
        let reader = EntryReader(name: name, entry: entry, path: path)
        return try reader.description(readsTexts: readsTexts)
    }
}

/// Reads one entry.
private struct EntryReader {
    let name: String
    let entry: JSONValue
    let path: String

    static let columnKeys = [
        "prompt", "query", "response", "history", "messages", "system", "tools", "images", "videos", "audios", "chosen",
        "rejected", "kto_tag",
    ]
    static let tagKeys = [
        "role_tag", "content_tag", "user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag",
    ]
    static let keys = [
        "hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name", "file_name", "formatting", "ranking",
        "subset", "split", "folder", "num_samples", "columns", "tags",
    ]

    func error(_ message: String) -> DataError { DataError(message, dataset: name, file: path) }

    func description(readsTexts: Bool) throws(DataError) -> DatasetDescription {
        guard let members = entry.members else { throw error("the entry should be an object {…}, it is \(entry.kind)") }
        try checkKeys(members.map(\.key), known: Self.keys, where: "")
        let hub = try self.hub()
        let name = try text("file_name", in: entry)
        guard let file = hub?.id ?? name, !file.isEmpty else {
            throw error("`file_name` is missing: name the data set's file or folder")
        }
        var description = DatasetDescription(name: self.name, path: file)
        description.hub = hub
        if let formatting = try text("formatting", in: entry) {
            guard let known = DatasetDescription.Formatting(rawValue: formatting) else {
                throw error("`formatting` is '\(formatting)': write `alpaca`, `sharegpt` or `openai`")
            }
            description.formatting = known
        }
        if let ranking = entry["ranking"], !ranking.isNull {
            guard let isRanking = ranking.boolValue else { throw error("`ranking` should be true or false") }
            description.isRanking = isRanking
        }
        if hub == nil {
            for key in ["subset", "folder"] where !(entry[key] ?? .null).isNull {
                throw error("`\(key)` only applies to data of a hub: remove it")
            }
            if let split = try text("split", in: entry), split != "train" {
                throw error("`split` is '\(split)': a file has the split `train` only")
            }
        }
        if let count = entry["num_samples"], !count.isNull {
            guard let number = count.intValue, number > 0 else {
                throw error("`num_samples` should be a whole number above 0")
            }
            description.numSamples = number
        }
        if let columns = entry["columns"] {
            description.columns = try self.columns(columns)
            description.namesColumns = true
        }
        if let tags = entry["tags"] { description.tags = try self.tags(tags) }
        try checkCompleteness(of: description, readsTexts: readsTexts)
        return description
    }

    /// The data set on a hub, by LLaMA-Factory's rule: ModelScope's where the environment asks for it or no other is named.
    private func hub() throws(DataError) -> HubData? {
        let huggingFace = try text("hf_hub_url", in: entry)
        let modelScope = try text("ms_hub_url", in: entry)
        guard huggingFace != nil || modelScope != nil else {
            for key in ["om_hub_url", "script_url", "cloud_file_name"] where !(entry[key] ?? .null).isNull {
                throw error(
                    "`\(key)` names a place that data are not read from: use `file_name`, `hf_hub_url` or `ms_hub_url`")
            }
            return nil
        }
        let wish = ProcessInfo.processInfo.environment["USE_MODELSCOPE_HUB"]?.lowercased() ?? ""
        let host: HubData.Host =
            modelScope != nil && (huggingFace == nil || ["1", "true", "y"].contains(wish)) ? .modelScope : .huggingFace
        var hub = HubData(host: host, id: (host == .modelScope ? modelScope : huggingFace) ?? "")
        hub.subset = try text("subset", in: entry)
        hub.folder = try text("folder", in: entry)
        hub.split = try text("split", in: entry) ?? "train"
        return hub
    }

    /// Columns that are not listed are none: the defaults hold only when there is no `columns` at all.
    private func columns(_ value: JSONValue) throws(DataError) -> DatasetDescription.Columns {
        guard let members = value.members else { throw error("`columns` should be an object {…}, it is \(value.kind)") }
        try checkKeys(members.map(\.key), known: Self.columnKeys, where: "`columns`: ")
        var columns = DatasetDescription.Columns.none
        columns.prompt = try text("prompt", in: value)
        columns.query = try text("query", in: value)
        columns.response = try text("response", in: value)
        columns.history = try text("history", in: value)
        columns.messages = try text("messages", in: value)
        columns.system = try text("system", in: value)
        columns.tools = try text("tools", in: value)
        columns.images = try text("images", in: value)
        columns.videos = try text("videos", in: value)
        columns.audios = try text("audios", in: value)
        columns.chosen = try text("chosen", in: value)
        columns.rejected = try text("rejected", in: value)
        columns.ktoTag = try text("kto_tag", in: value)
        return columns
    }

    /// Tags that are not listed are none, too.
    private func tags(_ value: JSONValue) throws(DataError) -> DatasetDescription.Tags {
        guard let members = value.members else { throw error("`tags` should be an object {…}, it is \(value.kind)") }
        try checkKeys(members.map(\.key), known: Self.tagKeys, where: "`tags`: ")
        var tags = DatasetDescription.Tags()
        tags.role = try text("role_tag", in: value)
        tags.content = try text("content_tag", in: value)
        tags.user = Set([try text("user_tag", in: value)].compactMap(\.self))
        tags.assistant = Set([try text("assistant_tag", in: value)].compactMap(\.self))
        tags.observation = Set([try text("observation_tag", in: value)].compactMap(\.self))
        tags.function = Set([try text("function_tag", in: value)].compactMap(\.self))
        tags.system = Set([try text("system_tag", in: value)].compactMap(\.self))
        return tags
    }

    private func checkCompleteness(of description: DatasetDescription, readsTexts: Bool) throws(DataError) {
        // ms-swift's messages end with the chosen answer.
        let hasChosen = description.columns.chosen != nil || description.formatting == .sharegpt
        if description.isRanking, !hasChosen || description.columns.rejected == nil {
            throw error("`ranking` data need `chosen` and `rejected` in `columns`: name the columns of the two answers")
        }
        switch description.formatting {
        case .alpaca:
            if description.columns.prompt == nil, description.columns.query == nil {
                throw error("`columns` lists neither `prompt` nor `query`: columns that are not listed do not exist")
            }
            if description.columns.response == nil, !readsTexts, !description.isRanking {
                throw error("`columns` does not list `response`: without it there is nothing to learn in the stage sft")
            }
        case .sharegpt, .openai:
            if description.columns.messages == nil {
                throw error("`columns` does not list `messages`: columns that are not listed do not exist")
            }
            let needed: [(String, Bool)] = [
                ("role_tag", description.tags.role == nil), ("content_tag", description.tags.content == nil),
                ("user_tag", description.tags.user.isEmpty), ("assistant_tag", description.tags.assistant.isEmpty),
            ]
            for (key, isMissing) in needed where isMissing {
                throw error("`tags` does not list `\(key)`: tags that are not listed do not exist")
            }
        }
    }

    private func text(_ key: String, in object: JSONValue) throws(DataError) -> String? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw error("`\(key)` should be text, it is \(value.kind)") }
        return text
    }

    private func checkKeys(_ keys: [String], known: [String], where place: String) throws(DataError) {
        for key in keys where !known.contains(key) {
            throw error("\(place)unknown key `\(key)`" + NearestName.hint(for: key, among: known, plural: "keys"))
        }
    }
}
