import Foundation
public import JSON
import Media
import Prompting

/// Makes data for preference training of predictions: what the model says wrongly becomes the rejected answer.
///
/// Several files of predictions are several samples of the answers to the same rows (other seeds, other checkpoints).
public struct PreferenceMaker: Sendable {
    /// What is made.
    public enum Kind: String, Sendable, CaseIterable {
        /// The label is chosen, each different wrong answer of a row rejected: {instruction, chosen, rejected}.
        case pairs
        /// A right answer of the model's own is chosen where there is one (best of n), else the row is left out.
        case ownPairs = "own-pairs"
        /// Every different answer with a verdict: {instruction, output, label}.
        case verdicts
        /// Right answers of the model's own, for supervised fine-tuning (rejection sampling): {instruction, output}.
        case accepted

        /// Why predictions may give nothing of this kind.
        public var lack: String {
            switch self {
            case .pairs: "no answer is wrong"
            case .ownPairs: "no row has both a right and a wrong answer"
            case .verdicts: "all answers are empty"
            case .accepted: "no answer is right"
            }
        }
    }

    /// What became of the rows.
    public struct Report: Sendable, Equatable {
        public var numRows = 0
        public var numRight = 0
        public var numWrong = 0
        /// Rows that gave nothing: all answers right, or none of the model's own right.
        public var numUnused = 0
        /// Empty answers, which are left out.
        public var numEmpty = 0
        public var numWritten = 0
        public var description: String {
            "\(numRows) rows: \(numRight) right answers, \(numWrong) wrong, \(numEmpty) empty ones left out; \(numWritten) samples made, \(numUnused) rows gave none"
        }
    }

    /// The rows the predictions were made from, in order, where their images and turns are to be kept.
    public var rows: [DataRow]?
    public let kind: Kind

    public init(kind: Kind, rows: [DataRow]? = nil) {
        self.kind = kind
        self.rows = rows
    }

    /// Makes the samples of files of predictions over the same rows.
    ///
    /// - Throws: when the files do not belong together.
    public func samples(_ files: [(path: String, predictions: [Prediction])]) throws(DataError) -> (
        samples: [JSONValue], report: Report
    ) {
        guard let first = files.first else { throw DataError("name at least one file of predictions") }
        let count = rows?.count ?? first.predictions.count
        for file in files {
            guard file.predictions.count == count else {
                throw DataError(
                    "it holds \(file.predictions.count) predictions, but \(rows == nil ? first.path : "the data set") has \(count) rows: give files made from the same data",
                    file: file.path)
            }
            for (row, (own, other)) in zip(file.predictions, first.predictions).enumerated() {
                guard own.prompt == other.prompt, own.label == other.label else {
                    throw DataError(
                        "the row is not that of \(first.path): give files made from the same data", file: file.path,
                        row: row + 1)
                }
            }
        }
        try refuseOtherRows(first)
        for row in rows ?? []
        where (row.conversation.images + row.conversation.videos).contains(where: { $0.path == nil }) {
            throw DataError(
                "its images are inside the data, and only paths can be written: store them as files",
                dataset: row.origin.dataset, file: row.origin.file, row: row.origin.row)
        }
        var report = Report(), samples: [JSONValue] = []
        for row in 0..<count {
            var answers: [Prediction] = [], seen: Set<String> = []
            for file in files {
                let prediction = file.predictions[row]
                if Prediction.trimmed(prediction.predict).isEmpty {
                    report.numEmpty += 1
                } else if seen.insert(Prediction.trimmed(prediction.predict)).inserted {
                    answers.append(prediction)
                }
            }
            report.numRows += 1
            let right = answers.filter(\.isRight), wrong = answers.filter { !$0.isRight }
            report.numRight += right.count
            report.numWrong += wrong.count
            let made = self.samples(row, first.predictions[row], right: right.first, wrong: wrong)
            if made.isEmpty { report.numUnused += 1 }
            samples += made
        }
        report.numWritten = samples.count
        return (samples, report)
    }

    /// Predictions of other rows, or of the same in another order, would be put to the wrong questions.
    private func refuseOtherRows(_ file: (path: String, predictions: [Prediction])) throws(DataError) {
        let answers = (rows ?? []).map { $0.conversation.messages.last?.content ?? "" }
        // Labels may be cut to cutoff_len, and have an empty thought before them.
        let others = zip(file.predictions, answers).enumerated().filter { _, pair in
            let label = Prediction.trimmed(pair.0.label), answer = Prediction.trimmed(pair.1)
            return !answer.hasPrefix(label) && !label.hasSuffix(answer)
        }
        guard let first = others.first, others.count > answers.count / 2 else { return }
        throw DataError(
            "\(others.count) of \(answers.count) labels are not the answers of the data set: name the one that was predicted, in its order",
            file: file.path, row: first.offset + 1)
    }

    private func samples(_ row: Int, _ asked: Prediction, right: Prediction?, wrong: [Prediction]) -> [JSONValue] {
        switch kind {
        case .pairs:
            // A label carries the blanks that the template puts after an answer, and may be cut: the data have the answer itself.
            let label = rows?[row].conversation.messages.last?.content ?? Prediction.trimmed(asked.label)
            guard !Prediction.trimmed(label).isEmpty else { return [] }
            return wrong.map { sample(row, asked, [("chosen", label), ("rejected", $0.predict)]) }
        case .ownPairs:
            guard let right else { return [] }
            return wrong.map { sample(row, asked, [("chosen", right.predict), ("rejected", $0.predict)]) }
        case .verdicts:
            let all = (right.map { [($0, true)] } ?? []) + wrong.map { ($0, false) }
            return all.map { sample(row, asked, [("output", $0.predict)], label: $1) }
        case .accepted:
            return right.map { [sample(row, asked, [("output", $0.predict)])] } ?? []
        }
    }

    /// A row in LLaMA-Factory's sharegpt form where the data set is known, else in its alpaca form.
    private func sample(_ row: Int, _ asked: Prediction, _ answers: [(String, String)], label: Bool? = nil) -> JSONValue
    {
        var members: [JSONMember] = []
        if let source = rows?[row] {
            func turn(_ role: String, _ text: String) -> JSONValue {
                .object([.init("role", .string(role)), .init("content", .string(text))])
            }
            let names: [Role: String] = [
                .user: "user", .assistant: "assistant", .function: "function_call", .observation: "observation",
            ]
            var turns = source.conversation.messages.dropLast().map { turn(names[$0.role] ?? "user", $0.content) }
            if let system = source.conversation.system { turns.insert(turn("system", system), at: 0) }
            for (key, text) in answers {
                if key == "output" {
                    turns.append(turn("assistant", text))
                } else {
                    members.append(.init(key, turn("assistant", text)))
                }
            }
            members.insert(.init("messages", .array(turns)), at: 0)
            if let tools = source.conversation.tools { members.append(.init("tools", .string(tools))) }
            let images = source.conversation.images.compactMap(\.path)
            if !images.isEmpty { members.append(.init("images", .array(images.map { .string($0) }))) }
            let videos = source.conversation.videos.compactMap(\.path)
            if !videos.isEmpty { members.append(.init("videos", .array(videos.map { .string($0) }))) }
        } else {
            members = [.init("instruction", .string(asked.prompt))] + answers.map { .init($0.0, .string($0.1)) }
        }
        if let label { members.append(.init("label", .bool(label))) }
        return .object(members)
    }

    /// The entry of dataset_info.json that fits what `samples` makes.
    public func entry(fileName: String) -> JSONValue {
        func object(_ pairs: [(String, String)]) -> JSONValue { .object(pairs.map { .init($0.0, .string($0.1)) }) }
        let isPair = kind == .pairs || kind == .ownPairs
        var members: [JSONMember] = [.init("file_name", .string(fileName))]
        if isPair { members.append(.init("ranking", .bool(true))) }
        var columns: [(String, String)] = isPair ? [("chosen", "chosen"), ("rejected", "rejected")] : []
        if kind == .verdicts { columns.append(("kto_tag", "label")) }
        if let rows {
            members.append(.init("formatting", .string("sharegpt")))
            columns.insert(("messages", "messages"), at: 0)
            if rows.contains(where: { $0.conversation.tools != nil }) { columns.append(("tools", "tools")) }
            if rows.contains(where: { !$0.conversation.images.isEmpty }) { columns.append(("images", "images")) }
            if rows.contains(where: { !$0.conversation.videos.isEmpty }) { columns.append(("videos", "videos")) }
            members.append(.init("columns", object(columns)))
            members.append(
                .init(
                    "tags",
                    object([
                        ("role_tag", "role"), ("content_tag", "content"), ("user_tag", "user"),
                        ("assistant_tag", "assistant"), ("observation_tag", "observation"),
                        ("function_tag", "function_call"), ("system_tag", "system"),
                    ])))
        } else {
            columns.insert(("prompt", "instruction"), at: 0)
            if !isPair { columns.append(("response", "output")) }
            members.append(.init("columns", object(columns)))
        }
        return .object(members)
    }
}

extension MediaSource {
    /// The path of a file.
    fileprivate var path: String? {
        if case .file(let path) = self { path } else { nil }
    }
}
