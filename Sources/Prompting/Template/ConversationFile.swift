public import JSON
import Foundation

/// A conversation in a JSON file: `{"messages": [{"role", "content"}], "system", "tools"}`.
public enum ConversationFile {
    /// Reads a file.
    ///
    /// - Throws: `ConversationFileError` naming the file, the message and the key.
    public static func read(_ path: String) throws(ConversationFileError) -> Conversation {
        guard let data = FileManager.default.contents(atPath: path) else {
            var isFolder: ObjCBool = false
            let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            throw ConversationFileError(
                isFolder.boolValue
                    ? "\(path) is a folder: name the JSON file with the conversation"
                    : isThere
                        ? "\(path) cannot be read: check its permissions"
                        : "\(path): there is no such file; it should hold {\"messages\": [{\"role\", \"content\"}]}")
        }
        do {
            return try conversation(JSONValue(parsing: String(decoding: data, as: UTF8.self)))
        } catch {
            throw ConversationFileError("\(path): \(error)")
        }
    }

    /// The conversation a JSON value holds. `tools` may be a list or the text of one.
    public static func conversation(_ value: JSONValue) throws(ConversationFileError) -> Conversation {
        guard let members = value.members else {
            throw ConversationFileError("a conversation has to be an object with \"messages\", not \(value.kind)")
        }
        if let unknown = members.first(where: { !["messages", "system", "tools"].contains($0.key) }) {
            throw ConversationFileError("\"\(unknown.key)\" is none of the keys messages, system and tools")
        }
        guard let list = value["messages"]?.arrayValue else {
            throw ConversationFileError("\"messages\" has to be a list of {\"role\", \"content\"}")
        }
        var messages: [Message] = []
        for (index, item) in list.enumerated() {
            guard let role = item["role"]?.stringValue.flatMap(Role.init(rawValue:)) else {
                throw ConversationFileError(
                    "message \(index + 1): \"role\" has to be user, assistant, function or observation")
            }
            guard let content = item["content"]?.stringValue else {
                throw ConversationFileError("message \(index + 1): \"content\" has to be text")
            }
            messages.append(Message(role, content))
        }
        return Conversation(system: try system(value["system"]), tools: try tools(value["tools"]), messages: messages)
    }

    private static func system(_ value: JSONValue?) throws(ConversationFileError) -> String? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.stringValue else {
            throw ConversationFileError("\"system\" has to be text, not \(value.kind)")
        }
        return text
    }

    private static func tools(_ value: JSONValue?) throws(ConversationFileError) -> String? {
        guard let value, !value.isNull else { return nil }
        if let text = value.stringValue { return text }
        guard value.arrayValue != nil else {
            throw ConversationFileError("\"tools\" has to be a list of tools or its JSON text, not \(value.kind)")
        }
        return value.text()
    }
}
