public import Datasets
import Foundation
import Models
import Prompting
import Reporting
public import RunConfig

/// What `anneal data check` finds: every row of a run's data sets, read and encoded as training would.
public struct DataCheck: Sendable {
    /// Each data set of `dataset` and `eval_dataset`.
    public private(set) var datasets: [DatasetStatistics] = []
    /// Rows to evaluate on that are also trained on; nil where nothing is evaluated or a data set cannot be read.
    public private(set) var leakage: DataLeakage?

    /// Whether a data set loses more than a tenth of its rows, has rows to be mended, or cannot be read.
    public var isLossy: Bool { datasets.contains(where: \.isLossy) }

    /// Reads and encodes all data of a run.
    ///
    /// - Throws: an error where model folder, template or `dataset_info.json` cannot be read; what is wrong with a data set
    ///   is part of the result.
    public init(_ config: RunConfig) throws {
        let run = try TrainingRun(config)
        let encoder = try run.encoder(), media = try run.mediaSettings()
        let catalog = try DatasetCatalog(folder: config.data.datasetDir, mediaFolder: config.data.mediaDir)
        var random = NumPyLegacyRandom(seed: UInt32(truncatingIfNeeded: config.training.seed))
        let uses =
            (config.data.dataset ?? []).map { ($0, "train") } + (config.data.evalDataset ?? []).map { ($0, "eval") }
        var checked: Set<String> = []
        for (name, use) in uses where checked.insert("\(use) \(name)").inserted {
            var statistics = DatasetStatistics(name: name, use: use, thoughtWords: run.template.thoughtWords)
            do throws(DataError) {
                let loaded = try catalog.load(name, maxSamples: config.data.maxSamples, random: &random)
                statistics.merge(loaded.report)
                Self.encode(loaded.keptRows, run, encoder, media, &statistics)
            } catch {
                statistics.failure = error
            }
            datasets.append(statistics)
        }
        guard config.data.evalDataset?.isEmpty == false || config.data.splitSize != nil,
            !datasets.contains(where: { $0.failure != nil })
        else { return }
        let module = try DataModule(try DataModule.Request(config), from: catalog)
        leakage = DataLeakage(train: module.train, evaluation: module.evaluations.flatMap(\.rows))
    }

    private static func encode(
        _ rows: [DataRow], _ run: TrainingRun, _ encoder: ConversationEncoder, _ media: MediaSettings?,
        _ statistics: inout DatasetStatistics
    ) {
        let bar = ProgressBar(title: statistics.name, unit: "row", total: rows.count, delaySeconds: 2)
        defer { bar.finish() }
        let vision = run.modelConfig.vision
        for (row, result) in zip(rows, TrainingData.encodeAll(rows, encoder, media, bar)) {
            switch result {
            case .success(.kept(let example, let isTruncated)):
                let numMediaTokens = example.inputIDs.count {
                    Int($0) == vision?.imageTokenID || Int($0) == vision?.videoTokenID
                }
                statistics.add(
                    row, numTokens: example.inputIDs.count, numMediaTokens: numMediaTokens, isTruncated: isTruncated)
            case .success(.dropped(let reason)):
                statistics.drop(row, DropReason(reason), losesLabels: reason.hasPrefix("nothing to learn"))
            case .failure(let error):
                let message = (error as? DataError)?.message ?? "\(error)"
                statistics.drop(row, DropReason(message, isMistake: true), losesLabels: false)
            }
        }
    }

    /// The findings for a terminal, 80 columns wide.
    public var lines: [String] {
        var lines = datasets.flatMap { $0.lines + [""] }
        if let leakage { lines += leakage.lines + [""] }
        let numRead = datasets.reduce(0) { $0 + $1.report.numRead }
        let numDropped = datasets.reduce(0) { $0 + $1.report.numDropped }
        let lossy = datasets.filter(\.isLossy).map { "'\($0.name)'" }
        lines.append("\(numRead) rows read, \(numDropped) lost")
        if !lossy.isEmpty {
            lines.append(
                "to be mended (more than a tenth is lost, or rows are wrong): \(lossy.joined(separator: ", "))")
        }
        return lines
    }
}
