import Datasets
import Reporting
import RunConfig

extension TrainingData {
    /// Encodes the rows of a stage with preferences, all of them before training: KTO pairs neighbouring rows, and such data
    /// are small beside those of the other stages.
    static func loadPreferences(_ module: DataModule, _ run: TrainingRun, _ bar: ProgressBar) throws -> TrainingData {
        guard module.stream == nil else {
            throw TrainingError("streaming is not supported for the stages rm, dpo and kto: set it to false")
        }
        guard run.config.data.tokenizedPath == nil else {
            throw TrainingError("tokenized_path is not supported for the stages rm, dpo and kto: remove it")
        }
        let encoder = try run.rowEncoder(), blockSize = run.config.data.preprocessingBatchSize
        var data = TrainingData(
            train: [TrainingExample](), evaluations: [], report: module.report,
            evaluationReport: module.evaluationReport)
        func examples(_ rows: RowSelection, _ report: inout DataReport, _ use: String) throws -> [TrainingExample] {
            let rows = Array(rows)
            if let warning = rows.verdictWarning { report.warn(warning) }
            var examples: [TrainingExample] = []
            for (row, result) in zip(rows, encodeAll(rows.rotatingAnswers(blockSize: blockSize), encoder, bar)) {
                switch try result.get() {
                case .kept(let example, let truncation):
                    report.truncate(truncation, row.origin)
                    examples.append(example)
                case .dropped(let reason): report.drop(DropReason(reason), row.origin)
                }
            }
            if let warning = RowEncoder.cutTiesWarning(examples) { report.warn(warning) }
            guard !examples.isEmpty || rows.isEmpty else {
                throw TrainingError("no row is left to \(use) on.\n\(report)")
            }
            return examples
        }
        data.train = try examples(module.train, &data.report, "train")
        for evaluation in module.evaluations {
            let own =
                run.config.data.splitSize != nil
                ? try examples(evaluation.rows, &data.report, "evaluate")
                : try examples(evaluation.rows, &data.evaluationReport, "evaluate")
            data.evaluations.append((evaluation.name, own))
        }
        return data
    }
}
