import Datasets
import Prompting
import Reporting
import RunConfig

extension RowEncoder {
    /// A row as a prompt whose answer the policy writes.
    func encodePrompt(_ row: DataRow, isCut: Bool, _ label: LabelNeed) throws -> Outcome {
        func failure(_ message: String) -> DataError {
            DataError(message, dataset: row.origin.dataset, file: row.origin.file, row: row.origin.row)
        }
        do {
            let encoded = try encoder.encodePrompt(
                row.conversation, media: try media?.grids(of: row.conversation) ?? .none,
                cutoff: isCut ? encoder.settings.cutoffLength : nil)
            guard encoded.inputIDs.count <= encoder.settings.cutoffLength else {
                return .dropped("the prompt is longer than cutoff_len (raise it)")
            }
            guard !encoded.inputIDs.isEmpty else { return .dropped("the prompt is empty") }
            var task = RolloutTask(row.conversation)
            task.labelIDs = encoded.labelIDs
            switch label {
            case .orDropped where task.labelIDs.isEmpty:
                return .dropped("there is no answer to learn at (lmbda: 1 and seq_kd need none)")
            case .orFailed(let reward) where task.label == nil:
                throw failure(
                    "there is no answer, and the reward \(reward) compares with one; add it, or remove \(reward) from reward_funcs"
                )
            default: break
            }
            var example = TrainingExample(
                inputIDs: encoded.inputIDs,
                labels: [Int32](repeating: EncodedExample.ignored, count: encoded.inputIDs.count),
                images: encoded.mediaSpans.filter { $0.kind == .image }.map { row.conversation.images[$0.index] },
                videos: encoded.mediaSpans.filter { $0.kind == .video }.map { row.conversation.videos[$0.index] },
                origin: row.origin)
            example.task = task
            return .kept(example, encoded.isTruncated ? .promptEnd : .none)
        } catch let error as ConversationError where error.isDroppable {
            return .dropped(error.message)
        } catch let error as DataError {
            throw error
        } catch {
            throw failure("\(error)")
        }
    }
}

extension TrainingRun {
    /// What reads the rows of a stage whose answers the policy writes, to learn from or to evaluate on.
    func promptEncoder(evaluates: Bool) throws -> RowEncoder {
        let tuning = config.tuning
        let label: RowEncoder.LabelNeed =
            if tuning.stage == .gkd {
                evaluates || (tuning.lmbda < 1 && !tuning.seqKD) ? .orDropped : .none
            } else if let reward = try tools?.rewards(config).first(where: \.needsLabel) {
                .orFailed(reward: reward.name)
            } else {
                .none
            }
        return RowEncoder(
            try encoder(), media: try mediaSettings(), purpose: .prompt(isCut: tuning.stage != .grpo, label: label))
    }
}

extension TrainingData {
    /// Encodes the prompts of a stage whose answers the policy writes, all of them before training unless they are streamed.
    static func loadPrompts(_ module: DataModule, _ run: TrainingRun, _ bar: ProgressBar) throws -> TrainingData {
        guard run.config.data.tokenizedPath == nil else {
            throw TrainingError("tokenized_path is not supported for this stage: remove it")
        }
        var data = TrainingData(
            train: [TrainingExample](), evaluations: [], report: module.report,
            evaluationReport: module.evaluationReport)
        let encoder = try run.rowEncoder()
        if let stream = module.stream {
            data.stream(stream, encoder, run)
        } else {
            data.train = try examples(Array(module.train), encoder, &data.report, use: "train", bar)
        }
        let other = try run.promptEncoder(evaluates: true)
        try data.evaluate(on: module.evaluations, run.config) {
            try examples(Array($0), other, &$1, use: "evaluate", bar)
        }
        return data
    }
}
