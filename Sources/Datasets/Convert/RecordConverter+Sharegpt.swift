import Basics
import JSON
import Prompting

extension RecordConverter {
    /// The turns of a row with a list of messages.
    func sharegptTurns(_ record: Record, endsWithAnswer: Bool = true) throws(Unusable) -> Turns {
        let written = try messageList(record)
        let list = description.messageLoss == nil ? written : written.flatMap(Self.turns)
        var system = try text(record, description.columns.system)
        var messages: [Message] = []
        for (index, element) in list.enumerated() {
            let (name, content) = try nameAndContent(of: element)
            if index == 0, description.tags.system.contains(name) {
                system = content.isEmpty ? nil : content
                continue
            }
            let role = try self.role(named: name)
            let message = Message(
                role, content, loss: description.messageLoss.flatMap { element[$0]?.boolValue },
                lossScale: try lossScale(of: element))
            if description.messageLoss != nil, join(message, to: &messages) { continue }
            try checkTurn(role, at: messages.count)
            messages.append(message)
        }
        try checkEnd(messages, endsWithAnswer: endsWithAnswer)
        return Turns(system: system, messages: messages)
    }

    /// Makes one turn of a message and its neighbour of the same side, as ms-swift does: questions become one text, answers
    /// keep what each of them says about the loss. An answer that comes first answers an empty question.
    ///
    /// - Returns: false when the message begins a turn of its own.
    private func join(_ message: Message, to messages: inout [Message]) -> Bool {
        let isAnswer = message.role == .assistant || message.role == .function
        guard let last = messages.last else {
            if isAnswer { messages.append(Message(.user, "")) }
            return false
        }
        if last.role == .user, message.role == .user {
            messages[messages.count - 1].content += message.content
            return true
        }
        guard isAnswer, last.role == .assistant || last.role == .function else { return false }
        var joined = message
        joined.preceding = last.parts
        messages[messages.count - 1] = joined
        return true
    }

    /// What a message weighs in the loss, where it says so.
    private func lossScale(of element: JSONValue) throws(Unusable) -> Float? {
        guard let key = description.messageLossScale, let value = element[key], !value.isNull else { return nil }
        guard let weight = value.number, weight >= 0, weight.isFinite else {
            throw Unusable("'\(key)' of a message is \(value.text()): write a number, 0 or more", isMistake: true)
        }
        return Float(weight)
    }

    /// The column of messages.
    func messageList(_ record: Record) throws(Unusable) -> [JSONValue] {
        let column = description.columns.messages ?? "messages"
        guard let value = record[column], !value.isNull else {
            throw Unusable("the row has no messages: fill the column '\(column)'")
        }
        guard let list = value.arrayValue else {
            throw Unusable("column '\(column)' holds \(value.kind): write a list of messages")
        }
        return list
    }

    /// ms-swift's pairs {"human": "…", "assistant": "…"} as two messages; other messages as they are.
    private static func turns(_ element: JSONValue) -> [JSONValue] {
        guard let question = element["human"], let answer = element["assistant"] else { return [element] }
        func message(_ role: String, _ content: JSONValue) -> JSONValue {
            .object([.init("role", .string(role)), .init("content", content)])
        }
        return [message("user", question), message("assistant", answer)]
    }

    /// Questions stand at even places, answers at odd ones.
    func checkTurn(_ role: Role, at place: Int) throws(Unusable) {
        let isQuestion = role == .user || role == .observation
        guard isQuestion == place.isMultiple(of: 2) else {
            throw Unusable(
                "the messages do not take turns: questions (user, tool result) and answers (assistant, tool call) must alternate, a question first"
            )
        }
    }

    /// An answer must be the last message, or a question where the answers stand in columns of their own.
    func checkEnd(_ messages: [Message], endsWithAnswer: Bool = true) throws(Unusable) {
        if messages.isEmpty {
            throw Unusable("the row has no messages: fill the column '\(description.columns.messages ?? "messages")'")
        }
        guard messages.count.isMultiple(of: 2) != endsWithAnswer else { return }
        throw Unusable(
            endsWithAnswer
                ? "the last message is a question: an answer must follow it"
                : "the last message is an answer: the messages of a pair end with the question")
    }

    /// The speaker's name and the text of a message.
    func nameAndContent(of element: JSONValue) throws(Unusable) -> (name: String, content: String) {
        guard element.members != nil else { throw Unusable("a message is \(element.kind): write an object {…}") }
        let roleKey = description.tags.role ?? "role"
        let contentKey = description.tags.content ?? "content"
        guard let role = element[roleKey] else { throw Unusable("a message has no '\(roleKey)'") }
        guard let name = role.stringValue else {
            throw Unusable("'\(roleKey)' of a message is \(role.kind): write text")
        }
        guard let content = element[contentKey] else { throw Unusable("a message has no '\(contentKey)'") }
        guard let text = content.stringValue else {
            throw Unusable("'\(contentKey)' of a message is \(content.kind): write text")
        }
        return (name, text)
    }

    func role(named name: String) throws(Unusable) -> Role {
        let tags = description.tags
        let roles: [(Set<String>, Role)] = [
            (tags.user, .user), (tags.assistant, .assistant), (tags.observation, .observation),
            (tags.function, .function),
        ]
        if let role = roles.first(where: { $0.0.contains(name) })?.1 { return role }
        if tags.system.contains(name) { throw Unusable("a system message stands after other messages: put it first") }
        let known = roles.flatMap { $0.0.sorted() } + tags.system.sorted()
        let hint = NearestName.nearest(to: name, among: known).map { " (did you mean '\($0)'?)" } ?? ""
        let list = known.map { "'\($0)'" }.joined(separator: ", ")
        throw Unusable(
            "wrong role '\(name)': it should be one of \(list)\(hint); correct it or name it in `tags`", isMistake: true
        )
    }
}
