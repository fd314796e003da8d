public import Datasets
import Foundation
public import JSON
import Media
public import Prompting

/// Conversations in the forms of data files.
public struct RowConversion: Sendable {
    /// How a row holds its conversation.
    public enum Form: String, Sendable, Hashable, CaseIterable {
        /// instruction, input, output, history.
        case alpaca
        /// conversations with from and value.
        case sharegpt
        /// messages with role, content and tool_calls.
        case openai
        /// ms-swift's messages: role and content, calls and results of tools as messages of their own.
        case messages
    }

    let form: Form
    /// Folder that paths of media start from; they are written without it.
    private let mediaFolder: String

    /// A conversion into a form.
    public init(to form: Form, mediaFolder: String) {
        self.form = form
        self.mediaFolder = mediaFolder.hasSuffix("/") ? String(mediaFolder.dropLast()) : mediaFolder
    }

    /// A conversation as a row, or why the form cannot hold it.
    ///
    /// - Parameter preference: what is known about how good its answer is.
    public func row(_ conversation: Conversation, _ preference: RowPreference? = nil) -> RowOutcome {
        var members: [JSONMember]
        switch form {
        case .alpaca:
            guard let columns = alpaca(conversation) else {
                return .dropped(
                    DropReason("calls of tools have no place in alpaca data: convert to messages, openai or sharegpt"))
            }
            members = columns
        case .sharegpt: members = [.init("conversations", .array(conversation.messages.map(sharegpt)))]
        case .openai: members = [.init("messages", .array(openai(conversation)))]
        case .messages: members = [.init("messages", .array(messages(conversation)))]
        }
        switch preference {
        case .better(let rejected):
            guard form != .openai else {
                return .dropped(
                    DropReason("pairs of answers have no place in openai data: convert to sharegpt, messages or alpaca")
                )
            }
            guard let pair = paired(members, conversation, rejected) else {
                return .dropped(DropReason("a rejected call has a place in sharegpt data only: convert to sharegpt"))
            }
            members = pair
        case .verdict(let isGood, _): members.append(.init(Self.verdictColumn, .bool(isGood)))
        case nil: break
        }
        if form == .alpaca || form == .sharegpt, let system = conversation.system {
            members.append(.init("system", .string(system)))
        }
        if let tools = conversation.tools {
            // OpenAI's form has a list, the others its text.
            let list = form == .openai ? try? JSONValue(parsing: tools) : nil
            members.append(.init("tools", list ?? .string(tools)))
        }
        let media = [
            ("images", conversation.images), ("videos", conversation.videos), ("audios", conversation.audios),
        ]
        for (column, sources) in media where !sources.isEmpty {
            members.append(.init(column, .array(sources.map(value))))
        }
        return .row(members)
    }

    /// The entry of dataset_info.json for rows of this form.
    ///
    /// - Parameter rows: the rows that were written; only columns that some of them have are named.
    public func entry(for rows: [[JSONMember]]) -> [JSONMember] {
        var present: Set<String> = []
        for row in rows { present.formUnion(row.map(\.key)) }
        func named(_ columns: [(String, String)]) -> JSONMember {
            .init("columns", .object(columns.filter { present.contains($0.1) }.map { .init($0.0, .string($0.1)) }))
        }
        let rejected = form == .messages ? "rejected_response" : "rejected"
        let common =
            ["system", "tools", "images", "videos", "audios", "chosen"].map { ($0, $0) }
            + [("rejected", rejected), ("kto_tag", Self.verdictColumn)]
        let ranking: [JSONMember] = present.contains(rejected) ? [.init("ranking", .bool(true))] : []
        switch form {
        case .alpaca:
            return ranking + [
                named(
                    [("prompt", "instruction"), ("query", "input"), ("response", "output"), ("history", "history")]
                        + common)
            ]
        case .sharegpt:
            return ranking + [.init("formatting", "sharegpt"), named([("messages", "conversations")] + common)]
        case .openai, .messages:
            let isOpenAI = form == .openai
            let tags = [
                ("role_tag", "role"), ("content_tag", "content"), ("user_tag", "user"), ("assistant_tag", "assistant"),
                ("observation_tag", isOpenAI ? "tool" : "tool_response"),
                ("function_tag", isOpenAI ? "function" : "tool_call"), ("system_tag", "system"),
            ]
            return ranking + [
                .init("formatting", .string(isOpenAI ? "openai" : "sharegpt")),
                named([("messages", "messages")] + common),
                .init("tags", .object(tags.map { .init($0.0, .string($0.1)) })),
            ]
        }
    }

    private func value(_ source: MediaSource) -> JSONValue {
        func relative(_ path: String) -> JSONValue {
            .string(
                !mediaFolder.isEmpty && path.hasPrefix(mediaFolder + "/")
                    ? String(path.dropFirst(mediaFolder.count + 1)) : path)
        }
        switch source {
        case .file(let path): return relative(path)
        case .frames(let paths): return .array(paths.map(relative))
        case .bytes(let bytes): return .string("data:;base64," + Data(bytes).base64EncodedString())
        }
    }
}
