import Foundation
import JSON

/// One line of a file of predictions: what was asked, what the model said and what it should have said.
public struct Prediction: Sendable, Hashable {
    public var prompt: String
    public var predict: String
    public var label: String

    public init(prompt: String, predict: String, label: String) {
        self.prompt = prompt
        self.predict = predict
        self.label = label
    }

    /// Reads generated_predictions.jsonl.
    public static func read(_ path: String) throws(DataError) -> [Prediction] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DataError(
                "there is no such file: name a file of predictions, such as generated_predictions.jsonl", file: path)
        }
        var predictions: [Prediction] = []
        for record in try RecordFile.parse(data, path: path) {
            func text(_ key: String) throws(DataError) -> String {
                guard let text = record[key]?.stringValue else {
                    throw DataError(
                        "a prediction has no `\(key)`: its lines should be {\"prompt\", \"predict\", \"label\"}",
                        file: path, row: record.row)
                }
                return text
            }
            predictions.append(
                Prediction(prompt: try text("prompt"), predict: try text("predict"), label: try text("label")))
        }
        return predictions
    }

    /// Whether the model said what it should: equal but for surrounding blanks.
    public var isRight: Bool { Self.trimmed(predict) == Self.trimmed(label) }

    static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
}
