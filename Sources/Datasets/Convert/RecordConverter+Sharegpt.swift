import Prompting

extension RecordConverter {
    /// The turns of a row with a list of messages.
    func sharegptTurns(_ record: Record) throws(Unusable) -> Turns {
        let column = description.columns.messages ?? "messages"
        guard let value = record[column], !value.isNull else {
            throw Unusable("the row has no messages: fill the column '\(column)'")
        }
        guard let list = value.array else {
            throw Unusable("column '\(column)' holds \(value.kind): write a list of messages")
        }
        var system = try text(record, description.columns.system)
        var messages: [Message] = []
        for (index, element) in list.enumerated() {
            let (name, content) = try nameAndContent(of: element)
            if index == 0, description.tags.system.contains(name) {
                system = content.isEmpty ? nil : content
                continue
            }
            let role = try self.role(named: name)
            let isQuestion = role == .user || role == .observation
            guard isQuestion == messages.count.isMultiple(of: 2) else {
                throw Unusable(
                    "the messages do not take turns: questions (user, tool result) and answers (assistant, tool call) must alternate, a question first"
                )
            }
            messages.append(Message(role, content, loss: description.messageLoss.flatMap { element[$0]?.bool }))
        }
        if messages.isEmpty { throw Unusable("the row has no messages: fill the column '\(column)'") }
        if !messages.count.isMultiple(of: 2) {
            throw Unusable("the last message is a question: an answer must follow it")
        }
        return Turns(system: system, messages: messages)
    }

    private func nameAndContent(of element: JSONValue) throws(Unusable) -> (name: String, content: String) {
        guard element.members != nil else { throw Unusable("a message is \(element.kind): write an object {…}") }
        let roleKey = description.tags.role ?? "role"
        let contentKey = description.tags.content ?? "content"
        guard let role = element[roleKey] else { throw Unusable("a message has no '\(roleKey)'") }
        guard let name = role.string else { throw Unusable("'\(roleKey)' of a message is \(role.kind): write text") }
        guard let content = element[contentKey] else { throw Unusable("a message has no '\(contentKey)'") }
        guard let text = content.string else {
            throw Unusable("'\(contentKey)' of a message is \(content.kind): write text")
        }
        return (name, text)
    }

    private func role(named name: String) throws(Unusable) -> Role {
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
        throw Unusable("wrong role '\(name)': it should be one of \(list)\(hint); correct it or name it in `tags`")
    }
}
