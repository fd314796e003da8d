import Datasets
import JSON

/// What rows are told apart by.
enum RowLabel {
    /// The text of a row's column; of its answer where the name is `answer` and there is no such column.
    ///
    /// - Throws: an error that names the columns when no row has it.
    static func labels(of records: [Record], by name: String) throws(DataError) -> [String] {
        let labels = records.map { label(of: $0, name) }
        guard labels.contains(where: { $0 != nil }) else {
            var columns: Set<String> = []
            for record in records.prefix(1000) { columns.formUnion(record.members.map(\.key)) }
            throw DataError(
                """
                no row has the column '\(name)': the rows have \(columns.sorted().map { "'\($0)'" }.joined(separator: ", ")) \
                (and 'answer' stands for the last message or the output)
                """, file: records.first?.file)
        }
        return labels.map { $0 ?? "" }
    }

    private static func label(of record: Record, _ name: String) -> String? {
        if let value = record[name] { return text(value) }
        guard name == "answer" else { return nil }
        for column in ["messages", "conversations", "conversation"] {
            guard let last = record[column]?.arrayValue?.last else { continue }
            return (last["content"] ?? last["value"] ?? last["assistant"]).map(text)
        }
        for column in ["output", "response", "label"] {
            if let value = record[column] { return text(value) }
        }
        return nil
    }

    private static func text(_ value: JSONValue) -> String { value.pythonText }
}
