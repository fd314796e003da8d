import Prompting

/// Rows to evaluate on that the run also trains on.
public struct DataLeakage: Sendable {
    /// Rows to evaluate on.
    public private(set) var numRows = 0
    /// Rows that are trained on as they are.
    public private(set) var wholeRows = DatasetStatistics.Rows()
    /// Rows whose question is trained on with another answer.
    public private(set) var questions = DatasetStatistics.Rows()

    /// Compares the rows of a run.
    public init(train: [DataRow], evaluation: [DataRow]) {
        let known = Set(train.map(\.conversation))
        let asked = Set(train.map { Self.question(of: $0.conversation) })
        numRows = evaluation.count
        for row in evaluation {
            if known.contains(row.conversation) {
                wholeRows.add(row.origin)
            } else if asked.contains(Self.question(of: row.conversation)) {
                questions.add(row.origin)
            }
        }
    }

    private static func question(of conversation: Conversation) -> Conversation {
        var question = conversation
        _ = question.messages.popLast()
        return question
    }

    /// What was found, for a terminal.
    public var lines: [String] {
        var lines = ["leakage from train to eval (\(numRows) rows)"]
        if wholeRows.count == 0, questions.count == 0 { return lines + ["  none"] }
        for (rows, what) in [
            (wholeRows, "are also trained on"), (questions, "have a question that is also trained on"),
        ]
        where rows.count > 0 {
            let share = DatasetStatistics.percent(rows.count, numRows)
            lines += DatasetStatistics.wrapped(
                "\(DatasetStatistics.rows(rows, namesFile: true)), \(share), \(what): remove them from one of the two",
                indent: 2)
        }
        return lines
    }
}
