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
        func examples(_ rows: RowSelection, _ report: inout DataReport, use: String) throws -> [TrainingExample] {
            let rows = Array(rows)
            if let warning = rows.verdictWarning { report.warn(warning) }
            let examples = try Self.examples(
                rows.rotatingAnswers(blockSize: blockSize), encoder, &report, use: use, bar)
            if let warning = RowEncoder.cutTiesWarning(examples) { report.warn(warning) }
            return examples
        }
        data.train = try examples(module.train, &data.report, use: "train")
        try data.evaluate(on: module.evaluations, run.config) { try examples($0, &$1, use: "evaluate") }
        return data
    }
}
