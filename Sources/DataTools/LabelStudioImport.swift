public import Datasets
import Foundation
import JSON
import Media
import Prompting

/// Label Studio's exports (JSON and JSON-MIN) as conversations: an image or a text, a question, and the label as the answer.
public struct LabelStudioImport: Sendable {
    /// The question of each row; nil asks for one of the labels of the export.
    private let question: String?
    /// All labels of the export, in the order in which they come up.
    private let labels: [String]

    /// Whether rows are such an export.
    public static func isExport(_ records: [Record]) -> Bool {
        records.first?.isLabelStudioTask ?? false
    }

    /// Gets to know an export.
    public init(_ records: [Record], question: String? = nil) {
        self.question = question
        var labels: [String] = []
        for record in records {
            for label in LabelStudioTask(record).choices where !labels.contains(label) { labels.append(label) }
        }
        self.labels = labels
    }

    /// A task as a conversation, its image's path as Label Studio's folder of files has it.
    public func row(_ record: Record, dataset: String) -> ConvertedRow {
        let origin = RowOrigin(dataset: dataset, file: record.file, row: record.row)
        let task = LabelStudioTask(record)
        if let problem = task.problem { return .dropped(DropReason(problem), origin) }
        guard !task.answers.isEmpty else {
            return .dropped(
                DropReason("the task has no annotation: label it, or leave it out of the export"), origin)
        }
        let answer =
            task.answers.count == 1
            ? task.answers[0].text : task.answers.map { "\($0.name): \($0.text)" }.joined(separator: "\n")
        let asked = question ?? task.question ?? defaultQuestion(hasImage: task.image != nil)
        let parts = [task.image == nil ? asked : "<image>" + asked, task.text ?? ""]
        let conversation = Conversation(
            messages: [
                Message(.user, parts.filter { !$0.isEmpty }.joined(separator: "\n")), Message(.assistant, answer),
            ], images: task.image.map { [.file(path: $0)] } ?? [])
        return .kept(DataRow(conversation: conversation, origin: origin))
    }

    private func defaultQuestion(hasImage: Bool) -> String {
        let asked = hasImage ? "What does the image show?" : "What is the label of this text?"
        return labels.isEmpty ? asked : "\(asked) Answer with one of: \(labels.joined(separator: ", "))."
    }
}
