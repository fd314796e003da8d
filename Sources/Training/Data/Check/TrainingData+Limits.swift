import Datasets
import Foundation
import RunConfig

extension DataLimits {
    /// The limits of a run.
    init(_ config: RunConfig) {
        self.init()
        droppedShare = config.data.maxDroppedShare
        truncatedShare = config.data.maxTruncatedShare
        unlabeledShare = config.data.maxUnlabeledShare
        leakedShare = config.data.maxLeakedShare
    }
}

extension DataLeakage {
    /// The leakage of a run; data sets that are named to be trained and to be evaluated on are so on purpose.
    init(_ module: DataModule, _ config: RunConfig) {
        let trained = Set(config.data.dataset ?? [])
        let named = (config.data.evalDataset ?? []).filter(trained.contains)
        self.init(train: module.train, evaluation: module.evaluations.lazy.flatMap(\.rows), named: named)
    }
}

extension TrainingData {
    /// - Throws: when too many rows to evaluate on are also trained on.
    static func refuseLeakage(in module: DataModule, _ config: RunConfig) throws {
        guard !module.evaluations.isEmpty, !module.train.isEmpty else { return }
        let leakage = DataLeakage(module, config)
        try refuse(DataLimits(config).problems(leakage))
        guard leakage.wholeRows.count > 0 else { return }
        warn(
            "\(leakage.wholeRows.count) of \(leakage.numRows) rows to evaluate on are also trained on (anneal data check tells which)"
        )
    }

    /// - Throws: when more rows are lost or cut than the run may lose.
    static func refuseLosses(_ report: DataReport, _ evaluation: DataReport, _ config: RunConfig) throws {
        let limits = DataLimits(config), reports = [(report, "dataset"), (evaluation, "eval_dataset")]
        try refuse(reports.flatMap { limits.problems($0.0, use: $0.1) })
        reports.flatMap { limits.warnings($0.0, use: $0.1) }.forEach(warn)
    }

    private static func refuse(_ problems: [String]) throws {
        if !problems.isEmpty { throw DataError(problems.joined(separator: "\n")) }
    }

    private static func warn(_ message: String) { FileHandle.standardError.write(Data("[warning] \(message)\n".utf8)) }
}
