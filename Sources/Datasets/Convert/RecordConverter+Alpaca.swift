import JSON
import Prompting

extension RecordConverter {
    /// The turns of a row with instruction, input, output and history.
    func alpacaTurns(_ record: Record) throws(Unusable) -> Turns {
        let columns = description.columns
        var turns = try alpacaPrompt(record)
        // A text: only the first one counts, an answer may be missing.
        if purpose == .texts { return Turns(system: nil, messages: turns.messages) }
        guard let column = columns.response, let answer = record[column], !answer.isNull else {
            throw Unusable("the row has no answer: fill the column '\(columns.response ?? "output")'")
        }
        guard let answer = Self.text(answer, of: record) else {
            throw Unusable("column '\(column)' holds \(answer.kind): write text")
        }
        turns.messages.append(Message(.assistant, answer))
        return turns
    }

    /// The turns before the answer.
    func alpacaPrompt(_ record: Record) throws(Unusable) -> Turns {
        let columns = description.columns
        var messages: [Message] = []
        if let column = columns.history, let history = record[column]?.arrayValue {
            for pair in history {
                guard let turn = pair.arrayValue, turn.count == 2, let question = turn[0].stringValue,
                    let answer = turn[1].stringValue
                else {
                    throw Unusable("column '\(column)' should hold pairs of texts: [[\"question\", \"answer\"], …]")
                }
                messages += [Message(.user, question), Message(.assistant, answer)]
            }
        }
        let parts = [try text(record, columns.prompt), try text(record, columns.query)].compactMap(\.self)
        messages.append(Message(.user, parts.joined(separator: "\n")))
        return Turns(system: try text(record, columns.system), messages: messages)
    }
}
