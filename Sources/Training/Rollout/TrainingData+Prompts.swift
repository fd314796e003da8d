import Datasets
import Prompting
import Reporting
import RunConfig

extension RowEncoder {
    /// A row as a prompt whose answer the policy writes.
    ///
    /// - Parameter isCut: whether `cutoff_len` is shared out between prompt and answer, as LLaMA-Factory's stage ppo does;
    ///   otherwise longer prompts are left out.
    func encodePrompt(_ row: DataRow, isCut: Bool) throws -> Outcome {
        do {
            let encoded = try encoder.encodePrompt(
                row.conversation, media: try media?.grids(of: row.conversation) ?? .none,
                cutoff: isCut ? encoder.settings.cutoffLength : nil)
            guard encoded.inputIDs.count <= encoder.settings.cutoffLength else {
                return .dropped("the prompt is longer than cutoff_len (raise it)")
            }
            guard !encoded.inputIDs.isEmpty else { return .dropped("the prompt is empty") }
            var example = TrainingExample(
                inputIDs: encoded.inputIDs,
                labels: [Int32](repeating: EncodedExample.ignored, count: encoded.inputIDs.count),
                images: encoded.mediaSpans.filter { $0.kind == .image }.map { row.conversation.images[$0.index] },
                videos: encoded.mediaSpans.filter { $0.kind == .video }.map { row.conversation.videos[$0.index] },
                origin: row.origin)
            example.task = RolloutTask(row.conversation)
            example.task?.labelIDs = encoded.labelIDs
            return .kept(example, encoded.isTruncated ? .promptEnd : .none)
        } catch let error as ConversationError where error.isDroppable {
            return .dropped(error.message)
        } catch {
            throw DataError("\(error)", dataset: row.origin.dataset, file: row.origin.file, row: row.origin.row)
        }
    }
}

extension TrainingData {
    /// Encodes the prompts of a stage whose answers the policy writes, all of them before training.
    static func loadPrompts(_ module: DataModule, _ run: TrainingRun, _ bar: ProgressBar) throws -> TrainingData {
        guard run.config.data.tokenizedPath == nil else {
            throw TrainingError("tokenized_path is not supported for this stage: remove it")
        }
        let encoder = try run.rowEncoder(), rows = Array(module.train), stage = run.config.tuning.stage
        var data = TrainingData(
            train: [TrainingExample](), evaluations: [], report: module.report,
            evaluationReport: module.evaluationReport)
        let outcomes = try EncodedRows.inParallel(rows.count) { index in
            defer { bar.advance() }
            return try encoder.encodePrompt(rows[index], isCut: stage != .grpo)
        }
        var examples: [TrainingExample] = []
        for (row, outcome) in zip(rows, outcomes) {
            switch outcome {
            case .kept(let example, let truncation):
                data.report.truncate(truncation, row.origin)
                if stage == .gkd, run.config.tuning.lmbda < 1, !run.config.tuning.seqKD,
                    example.task?.labelIDs.isEmpty ?? true
                {
                    data.report.drop(
                        DropReason("there is no answer to learn at (lmbda: 1 and seq_kd need none)"), row.origin)
                } else {
                    examples.append(example)
                }
            case .dropped(let reason): data.report.drop(DropReason(reason), row.origin)
            }
        }
        guard !examples.isEmpty else { throw TrainingError("no row is left to train on.\n\(data.report)") }
        data.train = examples
        return data
    }
}
