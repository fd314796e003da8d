public import Datasets
import Foundation
import Models
import Prompting
import Reporting
public import RunConfig

/// What `anneal data check` finds: every row of a run's data sets, read and encoded as training would.
public struct DataCheck: Sendable {
    /// What of the run the findings depend on, in a line.
    public let settings: String
    /// Each data set of `dataset` and `eval_dataset`.
    public private(set) var datasets: [DatasetStatistics] = []
    /// Rows to evaluate on that are also trained on; nil where nothing is evaluated or a data set cannot be read.
    public private(set) var leakage: DataLeakage?
    /// Why training would refuse to start; empty when it would start.
    public private(set) var refusals: [String] = []

    /// Rows of each data set that the page shows as the model sees them.
    private static let numPreviews = 3

    /// Whether training would not start, or a data set loses more than a run may lose, has rows to be mended, or cannot be read.
    public var isLossy: Bool { !refusals.isEmpty || datasets.contains(where: \.isLossy) }

    /// Reads and encodes all data of a run.
    ///
    /// - Throws: an error where model folder, template or `dataset_info.json` cannot be read; what is wrong with a data set
    ///   is part of the result.
    public init(_ config: RunConfig) throws {
        let run = try TrainingRun(config)
        settings =
            "stage \(config.tuning.stage.rawValue), template \(run.template.name), cutoff_len \(config.data.cutoffLen), model \(run.modelFolder)"
        let encoder = try run.rowEncoder(), limits = DataLimits(config)
        let tokenizer = run.tokenizer, maxTokens = try run.longestFittingSample()
        let catalog = try DatasetCatalog(
            folder: config.data.datasetDir, mediaFolder: config.data.mediaDir, purpose: config.tuning.stage.purpose)
        var random = NumPyLegacyRandom(seed: UInt32(truncatingIfNeeded: config.training.seed))
        let uses =
            (config.data.dataset ?? []).map { ($0, "train") } + (config.data.evalDataset ?? []).map { ($0, "eval") }
        var checked: Set<String> = []
        for (name, use) in uses where checked.insert("\(use) \(name)").inserted {
            var statistics = DatasetStatistics(
                name: name, use: use, thoughtWords: run.template.thoughtWords, limits: limits,
                hasControlTokens: { !tokenizer.controlTokens(in: $0).isEmpty })
            statistics.maxTokens = maxTokens
            do throws(DataError) {
                let loaded = try catalog.load(name, maxSamples: config.data.maxSamples, random: &random)
                statistics.merge(loaded.report)
                Self.encode(loaded, run, encoder, &statistics)
                if let note = Self.arrangementNote(statistics.tokenCounts, run) { statistics.notes.append(note) }
            } catch {
                statistics.failure = error
            }
            datasets.append(statistics)
        }
        guard !datasets.contains(where: { $0.failure != nil }) else { return }
        for (use, key) in [("train", "dataset"), ("eval", "eval_dataset")] {
            var report = DataReport()
            for dataset in datasets where dataset.use == use { report.merge(dataset.report) }
            refusals += limits.problems(report, use: key)
        }
        guard config.data.evalDataset?.isEmpty == false || config.data.splitSize != nil else { return }
        let leakage = DataLeakage(try DataModule(try DataModule.Request(config), from: catalog), config)
        refusals += limits.problems(leakage)
        self.leakage = leakage
    }

    /// What packing or blocks make of a data set by itself (training arranges all data sets together).
    private static func arrangementNote(_ counts: [Int], _ run: TrainingRun) -> String? {
        guard case .blocks(let size, _)? = run.arrangement else { return nil }
        let batches = stride(from: 0, to: counts.count, by: run.config.data.preprocessingBatchSize).map {
            counts[$0..<min(counts.count, $0 + run.config.data.preprocessingBatchSize)].reduce(0, +)
        }
        let numBlocks = batches.reduce(0) { $0 + $1 / size }, numRest = batches.reduce(0) { $0 + $1 % size }
        return """
            cutoff_len: stage pt puts texts end to end and cuts them into \(numBlocks) blocks of \(size) tokens; \(numRest) \
            tokens are left over. packing: false makes a sample of each text, cut to cutoff_len
            """
    }

    /// Encodes the rows block by block, so that no more of them are in memory.
    private static func encode(
        _ dataset: LoadedDataset, _ run: TrainingRun, _ encoder: RowEncoder, _ statistics: inout DatasetStatistics
    ) {
        let kept = (0..<dataset.count).filter(dataset.isKept), size = run.config.data.preprocessingBatchSize
        let bar = ProgressBar(title: statistics.name, unit: "row", total: kept.count, delaySeconds: 2)
        defer { bar.finish() }
        for first in stride(from: 0, to: kept.count, by: size) {
            let rows = kept[first..<min(first + size, kept.count)].compactMap { dataset.row($0).kept }
            encode(rows.rotatingAnswers(blockSize: size), run, encoder, &statistics, bar)
        }
    }

    private static func encode(
        _ rows: [DataRow], _ run: TrainingRun, _ encoder: RowEncoder, _ statistics: inout DatasetStatistics,
        _ bar: ProgressBar
    ) {
        let mediaIDs = run.mediaIDs
        let results = try? EncodedRows.inParallel(rows.count) { index in
            defer { bar.advance() }
            return Result { try encoder.encode(rows[index]) }
        }
        for (row, result) in zip(rows, results ?? []) {
            switch result {
            case .success(.kept(let example, let truncation)):
                let numMediaTokens = mediaIDs.isEmpty ? 0 : example.inputIDs.count(where: mediaIDs.contains)
                statistics.add(
                    row, numTokens: example.inputIDs.count, numMediaTokens: numMediaTokens, truncation: truncation)
                if statistics.previews.count < numPreviews { statistics.previews.append(run.preview(of: example)) }
            case .success(.dropped(let reason)):
                statistics.drop(row, DropReason(reason), losesLabels: reason.hasPrefix(DataLimits.unlabeledReason))
            case .failure(let error):
                let message = (error as? DataError)?.message ?? "\(error)"
                statistics.drop(row, DropReason(message, isMistake: true), losesLabels: false)
            }
        }
    }

    /// The findings for a terminal, 80 columns wide.
    public var lines: [String] {
        var lines = TextWrap.lines(settings, indent: 0) + [""] + datasets.flatMap { $0.lines + [""] }
        if let leakage { lines += leakage.lines + [""] }
        let numRead = datasets.reduce(0) { $0 + $1.report.numRead }
        let numDropped = datasets.reduce(0) { $0 + $1.report.numDropped }
        lines.append("\(DataReport.rows(numRead)) read, \(numDropped) lost")
        let lossy = datasets.filter(\.isLossy).map { "'\($0.name)'" }
        if !lossy.isEmpty {
            lines += TextWrap.lines(
                "to be mended (too much is lost, or rows are wrong): \(lossy.joined(separator: ", "))", indent: 0)
        }
        guard !refusals.isEmpty else { return lines }
        let reasons = refusals.flatMap { $0.split(separator: "\n") }
        return lines + ["", "training refuses to start:"]
            + reasons.flatMap { TextWrap.lines(String($0), indent: $0.prefix { $0 == " " }.count) }
    }
}
