public import Foundation
import JSON

/// The entries of a dataset_info.json, with LLaMA-Factory's rules and defaults.
public struct DatasetInfo: Sendable {
    /// The file's path.
    public let path: String
    private let entries: [(name: String, value: JSONValue)]

    /// Reads a dataset_info.json.
    public init(path: String) throws(DataError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DataError("there is no such file: it should list the data sets of its folder", file: path)
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
    /// - Throws: an error that names what is wrong with the entry, or the nearest name.
    public func description(of name: String) throws(DataError) -> DatasetDescription {
        guard let entry = entries.last(where: { $0.name == name })?.value else {
            throw DataError(
                "undefined data set '\(name)'" + NearestName.hint(for: name, among: names, plural: "data sets"),
                file: path)
        }
        let reader = EntryReader(name: name, entry: entry, path: path)
        return try reader.description()
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

    func description() throws(DataError) -> DatasetDescription {
        guard let members = entry.members else { throw error("the entry should be an object {…}, it is \(entry.kind)") }
        try checkKeys(members.map(\.key), known: Self.keys, where: "")
        for key in ["hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name"] where entry[key] != nil {
            throw error("`\(key)` names data that would have to be downloaded, which is not supported: use `file_name`")
        }
        guard let file = try text("file_name", in: entry), !file.isEmpty else {
            throw error("`file_name` is missing: name the data set's file or folder")
        }
        var description = DatasetDescription(name: name, path: file)
        if let formatting = try text("formatting", in: entry) {
            guard let known = DatasetDescription.Formatting(rawValue: formatting) else {
                throw error("`formatting` is '\(formatting)': write `alpaca`, `sharegpt` or `openai`")
            }
            description.formatting = known
        }
        if let ranking = entry["ranking"], !ranking.isNull, ranking != .bool(false) {
            throw error(
                "`ranking` data are for the stages rm and dpo: they are not applicable in the current training stage")
        }
        for key in ["subset", "folder"] where !(entry[key] ?? .null).isNull {
            throw error("`\(key)` only applies to downloaded data, which are not supported: remove it")
        }
        if let split = try text("split", in: entry), split != "train" {
            throw error("`split` is '\(split)': a file has the split `train` only")
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
        try checkCompleteness(of: description)
        return description
    }

    /// Columns that are not listed are none: the defaults hold only when there is no `columns` at all.
    private func columns(_ value: JSONValue) throws(DataError) -> DatasetDescription.Columns {
        guard let members = value.members else { throw error("`columns` should be an object {…}, it is \(value.kind)") }
        try checkKeys(members.map(\.key), known: Self.columnKeys, where: "`columns`: ")
        for key in ["chosen", "rejected", "kto_tag"] where !(value[key] ?? .null).isNull {
            throw error(
                "`columns`: `\(key)` is for preference training: it is not applicable in the current training stage")
        }
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

    private func checkCompleteness(of description: DatasetDescription) throws(DataError) {
        switch description.formatting {
        case .alpaca:
            if description.columns.prompt == nil, description.columns.query == nil {
                throw error("`columns` lists neither `prompt` nor `query`: columns that are not listed do not exist")
            }
            if description.columns.response == nil {
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
