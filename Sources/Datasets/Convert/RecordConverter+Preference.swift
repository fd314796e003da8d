import JSON
import Prompting

extension RecordConverter {
    /// A row with two answers: the turns end with the better one.
    ///
    /// LLaMA-Factory's form has both answers in columns of their own; ms-swift's has the better one where an ordinary row has
    /// its answer, and the worse one in `rejected_response` or `rejected_messages`.
    func pair(_ record: Record) throws(Unusable) -> (Turns, RowPreference?) {
        let columns = description.columns
        let rejectedColumn = columns.rejected ?? "rejected"
        guard let value = record[rejectedColumn], !value.isNull, value != .array([]) else {
            throw Unusable("the row has no rejected answer: fill the column '\(rejectedColumn)'")
        }
        var turns: Turns
        if let column = columns.chosen {
            guard let value = record[column], !value.isNull, value != .array([]) else {
                throw Unusable("the row has no chosen answer: fill the column '\(column)'")
            }
            turns = try prompt(record)
            turns.messages.append(try answer(value, column: column, record))
        } else {
            turns = try self.turns(record)
        }
        let rejected = try answer(value, column: rejectedColumn, record)
        guard let chosen = turns.messages.last else { throw Unusable("the row has no messages") }
        if chosen.content.isEmpty { throw Unusable("the chosen answer is empty: write it, or remove the row") }
        if rejected.content.isEmpty { throw Unusable("the rejected answer is empty: write it, or remove the row") }
        if chosen == rejected {
            throw Unusable("both answers are the same, so that neither is better: correct one, or remove the row")
        }
        for mark in ["<image>", "<video>", "<audio>"]
        where chosen.content.contains(mark) || rejected.content.contains(mark) {
            throw Unusable("an answer of a pair holds \(mark): media belong into the question")
        }
        return (turns, .better(than: rejected))
    }

    /// A row whose answer is called good or bad.
    func verdict(_ record: Record) throws(Unusable) -> (Turns, RowPreference?) {
        let column = description.columns.ktoTag ?? "label"
        guard let value = record[column], !value.isNull else {
            throw Unusable("the row does not say whether its answer is good: fill the column '\(column)'")
        }
        guard let isGood = Self.truth(value) else {
            throw Unusable("column '\(column)' holds \(value.kind): write true for a good answer, false for a bad one")
        }
        let turns = try self.turns(record)
        guard let answer = turns.messages.last, !answer.content.isEmpty else {
            throw Unusable("the answer is empty: write it, or remove the row")
        }
        return (turns, .verdict(isGood: isGood, other: nil))
    }

    /// true and false, as words or as 1 and 0 too.
    private static func truth(_ value: JSONValue) -> Bool? {
        if let bool = value.boolValue { return bool }
        switch value.intValue
            ?? value.stringValue.flatMap({ ["true": 1, "false": 0, "1": 1, "0": 0][$0.lowercased()] })
        {
        case 1: return true
        case 0: return false
        default: return nil
        }
    }

    /// The turns before the two answers.
    private func prompt(_ record: Record) throws(Unusable) -> Turns {
        switch description.formatting {
        case .alpaca: return try alpacaPrompt(record)
        case .sharegpt: return try sharegptTurns(record, endsWithAnswer: false)
        case .openai: return try openaiTurns(record, endsWithAnswer: false)
        }
    }

    /// An answer: text, a message, or a conversation that ends with it.
    private func answer(_ value: JSONValue, column: String, _ record: Record) throws(Unusable) -> Message {
        if let text = Self.text(value, of: record) { return Message(.assistant, text) }
        let message: JSONValue? = value.members == nil ? value.arrayValue?.last : value
        guard let element = message else {
            throw Unusable("column '\(column)' holds \(value.kind): write the answer's text or message")
        }
        let (name, content) = try nameAndContent(of: element)
        let role = try self.role(named: name)
        guard role == .assistant || role == .function else {
            throw Unusable("column '\(column)' holds a message of '\(name)': an answer is the assistant's")
        }
        return Message(role, content)
    }
}
