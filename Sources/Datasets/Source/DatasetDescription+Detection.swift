import JSON

extension DatasetDescription {
    /// Describes a data file that is in no dataset_info.json from its columns, by ms-swift's rules.
    ///
    /// - Parameter records: the rows of the file; the columns of all are looked at, and the messages of the first.
    /// - Throws: an error that names the columns when they are none of the known forms.
    static func detected(name: String, path: String, records: [Record]) throws(DataError) -> DatasetDescription {
        var keys: Set<String> = []
        for record in records { keys.formUnion(record.members.map(\.key)) }
        func column(_ names: String...) -> String? { names.first(where: keys.contains) }
        var description = DatasetDescription(name: name, path: path)
        description.columns = .none
        description.columns.system = column("system", "system_prompt")
        description.columns.tools = column("tools")
        description.columns.images = column("images", "image")
        description.columns.videos = column("videos", "video")
        description.columns.audios = column("audios", "audio")
        description.messageLoss = "loss"
        if let messages = column("messages", "conversations", "conversation") {
            description.formatting = .sharegpt
            description.columns.messages = messages
            description.tags = detectedTags(records.lazy.compactMap { $0[messages]?.arrayValue?.first }.first)
        } else if keys.contains("instruction"), keys.contains("output") {
            description.columns.prompt = "instruction"
            description.columns.query = column("input")
            description.columns.response = "output"
            description.columns.history = column("history")
        } else if let query = column("query", "prompt", "input", "instruction", "question", "problem"),
            let response = column(
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
                rename them, or describe the file in dataset_info.json
                """, dataset: name, file: path)
        }
        return description
    }

    /// Columns of the rows that a detected description does not use.
    func unusedColumns(of records: [Record]) -> [String] {
        let used = [
            columns.prompt, columns.query, columns.response, columns.history, columns.messages, columns.system,
            columns.tools,
            columns.images, columns.videos, columns.audios,
        ].compactMap(\.self)
        var unused: Set<String> = []
        for record in records { unused.formUnion(record.members.map(\.key)) }
        return unused.subtracting(used).sorted()
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
