import Prompting

/// Rows to evaluate on that the run also trains on.
public struct DataLeakage: Sendable {
    /// Rows to evaluate on.
    public private(set) var numRows = 0
    /// Rows that are trained on as they are.
    public private(set) var wholeRows = CountedRows()
    /// Rows whose question is trained on with another answer.
    public private(set) var questions = CountedRows()

    /// Data sets that are named to be trained on and to be evaluated on, so that their rows are no accident.
    public let named: [String]

    /// Compares the rows of a run.
    ///
    /// - Parameter named: data sets that are listed in both `dataset` and `eval_dataset`; their rows are not counted.
    public init(train: some Sequence<DataRow>, evaluation: some Sequence<DataRow>, named: [String] = []) {
        self.named = named
        // Hashes, so that the rows themselves need not stay in memory.
        var known: Set<Int> = [], asked: Set<Int> = []
        for row in train {
            known.insert(row.conversation.hashValue)
            asked.insert(Self.question(of: row.conversation).hashValue)
        }
        for row in evaluation where !named.contains(row.origin.dataset) {
            numRows += 1
            if known.contains(row.conversation.hashValue) {
                wholeRows.add(row.origin)
            } else if asked.contains(Self.question(of: row.conversation).hashValue) {
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
    public var lines: [String] { ["leakage from train to eval"] + findings.flatMap { TextWrap.lines($0, indent: 2) } }

    /// What was found, in sentences.
    var findings: [String] {
        var findings = ["\(DataReport.rows(numRows)) to evaluate on"]
        if !named.isEmpty {
            let names = named.map { "'\($0)'" }.joined(separator: ", ")
            findings.append("named in both dataset and eval_dataset, so not counted: \(names)")
        }
        for (rows, what) in [
            (wholeRows, "are also trained on"), (questions, "have a question that is also trained on"),
        ]
        where rows.count > 0 {
            let share = DatasetStatistics.percent(rows.count, numRows)
            findings.append(
                "\(DatasetStatistics.rows(rows, namesFile: true)), \(share), \(what): remove them from one of the two")
        }
        return wholeRows.count + questions.count > 0 ? findings : findings + ["none of them is trained on"]
    }
}
