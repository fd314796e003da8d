import JSON

extension RecordConverter {
    /// The row with its messages in the one form that is converted: for files that are in no dataset_info.json, where ms-swift
    /// accepts several.
    ///
    /// A column of JSON text becomes the list in it; OpenAI's `tool_calls` and Anthropic's `tool_use` become one message of the
    /// assistant that calls tools, `tool_result` a tool's answer; calls that follow each other become one list of calls,
    /// answers that follow each other one answer, joined as LLaMA-Factory's openai converter does.
    func withToolMessages(_ record: Record) throws(Unusable) -> Record {
        guard description.messageLoss != nil, description.formatting != .alpaca,
            let column = description.columns.messages, let value = record[column]
        else { return record }
        guard let written = Self.list(value) else { return record }
        var messages: [JSONValue] = []
        for message in written { messages += try expanded(message) }
        let joined = try merged(messages)
        guard joined != value.arrayValue else { return record }
        let members = record.members.map { $0.key == column ? JSONMember(column, .array(joined)) : $0 }
        return Record(members: members, row: record.row, file: record.file, isTable: record.isTable)
    }

    /// A list, or text that is JSON of one.
    private static func list(_ value: JSONValue) -> [JSONValue]? {
        if let list = value.arrayValue { return list }
        guard let text = value.stringValue, text.first(where: { !$0.isWhitespace }) == "[" else { return nil }
        return (try? JSONValue(parsing: text))?.arrayValue
    }

    private var keys: (role: String, content: String) {
        (description.tags.role ?? "role", description.tags.content ?? "content")
    }

    /// A message as one or several.
    private func expanded(_ message: JSONValue) throws(Unusable) -> [JSONValue] {
        if let calls = message["tool_calls"]?.arrayValue, !calls.isEmpty {
            let call = self.message("tool_call", .string(try Self.text(ofCalls: calls)), like: message)
            // What is said beside the calls comes first.
            guard let said = message[keys.content], !said.isNull, said != "", said != .array([]) else { return [call] }
            return [self.message(nil, said, like: message), call]
        }
        guard let pieces = message[keys.content]?.arrayValue else { return [message] }
        let uses = pieces.filter { $0["type"]?.stringValue == "tool_use" }
        if !uses.isEmpty {
            let calls = uses.map {
                JSONValue.object([.init("name", $0["name"] ?? .null), .init("arguments", $0["input"] ?? .object([]))])
            }
            let call = self.message("tool_call", .string(try Self.text(ofCalls: calls)), like: message)
            let said = pieces.filter { !uses.contains($0) }
            return said.isEmpty ? [call] : [self.message(nil, .array(said), like: message), call]
        }
        let isResult = { (piece: JSONValue) in piece["type"]?.stringValue == "tool_result" }
        guard pieces.contains(where: isResult) else { return [message] }
        return pieces.map { piece in
            isResult(piece)
                ? self.message("tool", piece["content"] ?? .string(""), like: message)
                : self.message(nil, .array([piece]), like: message)
        }
    }

    /// A message with another speaker and content, the rest (whether it is learned) as it was.
    private func message(_ role: String?, _ content: JSONValue, like message: JSONValue) -> JSONValue {
        let kept = (message.members ?? []).filter { ![keys.role, keys.content, "tool_calls"].contains($0.key) }
        let speaker = role.map(JSONValue.string) ?? message[keys.role] ?? .null
        return .object([.init(keys.role, speaker), .init(keys.content, content)] + kept)
    }

    /// Calls of tools as JSON text: the `function` of each, where there is one.
    private static func text(ofCalls calls: [JSONValue]) throws(Unusable) -> String {
        let functions = calls.map { $0["function"] ?? $0 }
        guard functions.allSatisfy({ $0["name"]?.stringValue?.isEmpty == false }) else {
            throw Unusable("a tool call has no name: write {\"name\": \"…\", \"arguments\": {…}}")
        }
        return JSONValue.array(functions).text()
    }

    /// Neighbouring calls as one message, and neighbouring answers of tools.
    private func merged(_ messages: [JSONValue]) throws(Unusable) -> [JSONValue] {
        let tags = description.tags
        func isOne(_ message: JSONValue, of names: Set<String>) -> Bool {
            message[keys.role]?.stringValue.map(names.contains) ?? false
        }
        var merged: [JSONValue] = []
        for message in messages {
            guard let last = merged.last, let text = message[keys.content]?.stringValue,
                let before = last[keys.content]?.stringValue
            else {
                merged.append(message)
                continue
            }
            if isOne(last, of: tags.function), isOne(message, of: tags.function) {
                let calls = try Self.calls(before) + Self.calls(text)
                merged[merged.count - 1] = self.message(nil, .string(JSONValue.array(calls).text()), like: last)
            } else if isOne(last, of: tags.observation), isOne(message, of: tags.observation) {
                let joined = before + "\n</tool_response>\n<tool_response>\n" + text
                merged[merged.count - 1] = self.message(nil, .string(joined), like: last)
            } else {
                merged.append(message)
            }
        }
        return merged
    }

    private static func calls(_ text: String) throws(Unusable) -> [JSONValue] {
        guard let value = try? JSONValue(parsing: text), value.members != nil || value.arrayValue != nil else {
            throw Unusable("a tool call is not JSON: write {\"name\": \"…\", \"arguments\": {…}}")
        }
        return value.arrayValue ?? [value]
    }
}
