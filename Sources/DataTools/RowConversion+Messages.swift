import JSON
import Prompting

extension RowConversion {
    /// The column that calls an answer good or bad.
    static let verdictColumn = "label"

    /// A row with a second answer that is worse; nil where the form has no place for it.
    func paired(_ members: [JSONMember], _ conversation: Conversation, _ rejected: Message) -> [JSONMember]? {
        guard let chosen = conversation.messages.last else { return nil }
        let answers = { (write: (Message) -> JSONValue) -> [JSONMember] in
            [.init("chosen", write(chosen)), .init("rejected", write(rejected))]
        }
        switch form {
        case .sharegpt:
            let question = conversation.messages.dropLast().map(sharegpt)
            return [.init("conversations", .array(question))] + answers(sharegpt)
        case .alpaca where rejected.role == .assistant:
            return members.filter { $0.key != "output" } + answers { .string($0.content) }
        case .messages where rejected.role == .assistant:
            return members + [.init("rejected_response", .string(rejected.content))]
        case .alpaca, .messages, .openai: return nil
        }
    }

    /// instruction, input, output and history; nil where tools are called.
    func alpaca(_ conversation: Conversation) -> [JSONMember]? {
        let messages = conversation.messages
        guard messages.count >= 2, messages.count.isMultiple(of: 2),
            messages.allSatisfy({ $0.role == .user || $0.role == .assistant })
        else { return nil }
        let texts = messages.map { JSONValue.string($0.content) }
        var members: [JSONMember] = [
            .init("instruction", texts[texts.count - 2]), .init("input", ""), .init("output", texts[texts.count - 1]),
        ]
        let history = stride(from: 0, to: texts.count - 2, by: 2).map { JSONValue.array([texts[$0], texts[$0 + 1]]) }
        if !history.isEmpty { members.append(.init("history", .array(history))) }
        return members
    }

    /// A message with from and value.
    func sharegpt(_ message: Message) -> JSONValue {
        let names: [Role: JSONValue] = [
            .user: "human", .assistant: "gpt", .function: "function_call", .observation: "observation",
        ]
        return .object([.init("from", names[message.role] ?? .null), .init("value", .string(message.content))])
    }

    /// ms-swift's messages, the system prompt first.
    func messages(_ conversation: Conversation) -> [JSONValue] {
        let names: [Role: String] = [
            .user: "user", .assistant: "assistant", .function: "tool_call", .observation: "tool_response",
        ]
        return system(conversation)
            + conversation.messages.map { message in
                var members = Self.message(names[message.role] ?? "", .string(message.content))
                if let loss = message.loss { members.append(.init("loss", .bool(loss))) }
                return .object(members)
            }
    }

    /// OpenAI's messages: calls of tools as `tool_calls` with numbered ids, results one by one.
    ///
    /// Arguments are written as an object, for LLaMA-Factory takes text there as a text.
    func openai(_ conversation: Conversation) -> [JSONValue] {
        var messages = system(conversation)
        var openCalls: [String] = []
        var numCalls = 0
        for message in conversation.messages {
            switch message.role {
            case .user: messages.append(.object(Self.message("user", .string(message.content))))
            case .assistant: messages.append(.object(Self.message("assistant", .string(message.content))))
            case .function:
                guard let value = try? JSONValue(parsing: message.content) else {
                    // A call that is no JSON stays as it is, a message of its own.
                    messages.append(.object(Self.message("function", .string(message.content))))
                    continue
                }
                openCalls = []
                let calls = (value.arrayValue ?? [value]).map { call in
                    numCalls += 1
                    openCalls.append("call_\(numCalls)")
                    return JSONValue.object([
                        .init("id", .string("call_\(numCalls)")), .init("type", "function"), .init("function", call),
                    ])
                }
                messages.append(.object(Self.message("assistant", .null) + [.init("tool_calls", .array(calls))]))
            case .observation:
                for result in message.content.split(separator: "\n</tool_response>\n<tool_response>\n") {
                    var members = Self.message("tool", .string(String(result)))
                    if !openCalls.isEmpty { members.append(.init("tool_call_id", .string(openCalls.removeFirst()))) }
                    messages.append(.object(members))
                }
            }
        }
        return messages
    }

    private func system(_ conversation: Conversation) -> [JSONValue] {
        conversation.system.map { [.object(Self.message("system", .string($0)))] } ?? []
    }

    private static func message(_ role: String, _ content: JSONValue) -> [JSONMember] {
        [.init("role", .string(role)), .init("content", content)]
    }
}
