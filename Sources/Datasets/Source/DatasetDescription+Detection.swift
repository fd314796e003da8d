import JSON

extension DatasetDescription {
    /// Describes a data file that is in no dataset_info.json from its columns, by ms-swift's rules.
    ///
    /// - Parameters:
    ///   - records: the rows of the file; the columns of all are looked at, and the messages of the first.
    ///   - purpose: what the rows are for; for texts a column `text` (else `content`) alone will do.
    /// - Throws: an error that names the columns when they are none of the known forms.
    static func detected(
        name: String, path: String, records: RecordList, purpose: DataPurpose = .answers
    )
        throws(DataError) -> DatasetDescription
    {
        let keys = records.keys
        func column(_ names: String...) -> String? { names.first(where: keys.contains) }
        var description = DatasetDescription(name: name, path: path)
        description.columns = .none
        description.columns.system = column("system", "system_prompt")
        description.columns.tools = column("tools")
        description.columns.images = column("images", "image")
        description.columns.videos = column("videos", "video")
        description.columns.audios = column("audios", "audio")
        description.messageLoss = "loss"
        description.messageLossScale = "loss_scale"
        try description.detectPreference(keys, purpose)
        if purpose == .texts, let text = column("text", "content") {
            description.columns.prompt = text
        } else if let messages = column("messages", "conversations", "conversation") {
            description.formatting = .sharegpt
            description.columns.messages = messages
            description.tags = detectedTags(records.lazy.compactMap { $0[messages]?.arrayValue?.first }.first)
        } else if keys.contains("instruction"), let answer = description.columns.chosen ?? column("output") {
            description.columns.prompt = "instruction"
            description.columns.query = column("input")
            description.columns.response = answer
            description.columns.history = column("history")
        } else if let query = column("query", "prompt", "input", "instruction", "question", "problem"),
            let response = description.columns.chosen
                ?? column(
                    "response", "answer", "output", "targets", "target", "answer_key", "answers", "solution", "text",
                    "completion",
                    "content")
        {
            description.columns.prompt = query
            description.columns.response = response
            description.columns.history = column("history")
        } else {
            let names = keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
            throw DataError(
                """
                the columns \(names) are none of the known forms (messages; instruction, input, output; query, response): \
                rename them, or describe the file in dataset_info.json\(keys == ["text"] ? "; texts alone are for stage: pt" : "")
                """, dataset: name, file: path)
        }
        return description
    }

    /// Columns of the rows that a detected description does not use.
    func unusedColumns(of records: RecordList) -> [String] {
        let used = [
            columns.prompt, columns.query, columns.response, columns.history, columns.messages, columns.system,
            columns.tools,
            columns.images, columns.videos, columns.audios, columns.chosen, columns.rejected, columns.ktoTag,
        ].compactMap(\.self)
        return records.keys.subtracting(used).sorted()
    }

    private static func detectedTags(_ message: JSONValue?) -> Tags {
        var tags = Tags()
        tags.role = message?["role"] == nil && message?["from"] != nil ? "from" : "role"
        tags.content = message?["content"] == nil && message?["value"] != nil ? "value" : "content"
        tags.user = ["user", "human"]
        tags.assistant = ["assistant", "gpt", "bot"]
        tags.function = ["tool_call", "function_call"]
        tags.observation = ["tool", "tool_response", "observation"]
        return tags
    }
}
