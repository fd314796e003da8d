import Basics
public import Datasets
import Foundation
import Media
public import Prompting
import Reporting
import Synchronization
public import RunConfig

extension MediaSettings {
    /// The processor of the model folder with LLaMA-Factory's pixel limits.
    public init(modelFolder: String, _ arguments: ModelArguments) throws {
        try self.init(
            modelFolder: modelFolder,
            imageLimits: PixelLimits(minPixels: arguments.imageMinPixels, maxPixels: arguments.imageMaxPixels),
            videoLimits: PixelLimits(minPixels: arguments.videoMinPixels, maxPixels: arguments.videoMaxPixels),
            sampling: VideoSampling(fps: arguments.videoFps, maxFrames: arguments.videoMaxlen))
    }
}

extension TrainingData {
    /// Reads, converts, splits and encodes the data sets of a run. Rows that cannot be used are dropped and counted;
    /// what must be mended (a missing image, say) is an error that names file and row.
    ///
    /// - Parameter waits: encode all rows before returning, rather than the rest in the background.
    static func load(_ run: TrainingRun, waits: Bool = false) throws -> TrainingData {
        let config = run.config
        if let path = config.data.tokenizedPath, try SavedSamples.exist(at: path) {
            return try SavedSamples.load(run, from: path)
        }
        var catalog = try DatasetCatalog(
            folder: config.data.datasetDir, mediaFolder: config.data.mediaDir,
            purpose: config.tuning.stage.purpose)
        let check = CheckBars()
        catalog.progress = { check.update($0, $1, of: $2) }
        let module = try DataModule(try DataModule.Request(config), from: catalog)
        try refuseMistakes(in: module)
        try refuseLeakage(in: module, config)
        let total = module.train.count + module.evaluations.reduce(0) { $0 + $1.rows.count }
        let bar = ProgressBar(title: "data", unit: "row", total: total, delaySeconds: 2)
        defer { bar.finish() }
        var data = TrainingData(
            train: [TrainingExample](), evaluations: [], report: module.report,
            evaluationReport: module.evaluationReport)
        let comparesAnswers = config.tuning.stage.purpose.comparesAnswers
        if comparesAnswers || config.tuning.stage.writesAnswers {
            data = try comparesAnswers ? loadPreferences(module, run, bar) : loadPrompts(module, run, bar)
            try refuseLosses(data.report, data.evaluationReport, config)
            return data
        }
        let encoder = try run.rowEncoder()
        let cache = SampleCache(tokenizerFolder: run.modelFolder, rebuilds: config.data.overwriteCache)
        if let note = try cache.makeRoom() { data.notes.append(note) }
        let needsLengths = waits || run.arrangement != nil || config.data.tokenizedPath != nil
        var saved: [SavedSamples.Input] = []
        func samples(_ rows: RowSelection, isTrained: Bool, evaluation: String?, isSplit: Bool) throws
            -> any SampleSource
        {
            let label = isTrained ? "train" : evaluation.map { "eval \($0)" } ?? "eval"
            let encoded = try EncodedRows(rows, encoder, cache: cache)
            try encoded.prepare(needsLengths: needsLengths, bar)
            let isOfTraining = isTrained || isSplit
            if isOfTraining { data.report.merge(encoded.report) } else { data.evaluationReport.merge(encoded.report) }
            data.notes.append(encoded.note(label))
            if !encoded.store.isComplete { data.pending.append(encoded) }
            let batches = rows.batches(of: config.data.preprocessingBatchSize)
            saved.append(.init(name: evaluation, isTrained: isTrained, rows: encoded, batches: batches))
            var result: any SampleSource = encoded
            if let arrangement = run.arrangement {
                let arranged = ArrangedSamples(
                    encoded, batches: encoded.keptRanges(batches), arrangement, padID: run.tokenizer.padID)
                data.notes.append(arranged.note(label, numRows: encoded.count))
                if case .blocks(let size, _) = arrangement, arranged.count == 0, encoded.count > 0 {
                    throw TrainingError(
                        "the \(encoded.count) rows to \(isTrained ? "train" : "evaluate") on are too short for one block of \(size) tokens together (cutoff_len): lower cutoff_len, or set packing: false"
                    )
                }
                result = arranged
            }
            guard result.count > 0 || rows.isEmpty else {
                throw TrainingError(
                    "no row is left to \(isTrained ? "train" : "evaluate") on.\n\(isOfTraining ? data.report : data.evaluationReport)"
                )
            }
            return result
        }
        if let stream = module.stream {
            data.stream(stream, encoder, run)
        } else {
            data.train = try samples(module.train, isTrained: true, evaluation: nil, isSplit: false)
        }
        for evaluation in module.evaluations {
            let examples = try samples(
                evaluation.rows, isTrained: false, evaluation: evaluation.name, isSplit: config.data.splitSize != nil)
            data.evaluations.append((evaluation.name, examples))
        }
        if let path = config.data.tokenizedPath {
            try SavedSamples.save(saved, run, to: path)
            data.notes += [
                "Tokenized dataset is saved at \(path).", "Please launch the training with `tokenized_path: \(path)`.",
            ]
        }
        try refuseLosses(data.report, data.evaluationReport, config)
        return data
    }

    /// Rows with a mistake that has to be mended are an error, all kinds of it at once.
    private static func refuseMistakes(in module: DataModule) throws {
        let mistakes = (module.report.dropped + module.evaluationReport.dropped).filter(\.reason.isMistake)
        guard !mistakes.isEmpty else { return }
        let lines = mistakes.map { "\($0.reason) (\(DataReport.rows($0.count)): \($0.rows.places()))" }
        throw DataError(lines.joined(separator: "\n"))
    }

    /// Trains on rows that are encoded while the run goes on.
    mutating func stream(_ stream: RowStream, _ encoder: RowEncoder, _ run: TrainingRun) {
        train = StreamedSamples(
            stream, encoder, arrangement: run.arrangement, windowRows: run.config.data.preprocessingBatchSize)
        notes.append(
            "Streaming rows, shuffled among \(run.config.data.bufferSize); read and prepared while training.")
    }

    /// The rows of a data set in memory, encoded all at once.
    static func examples(
        _ rows: [DataRow], _ encoder: RowEncoder, _ report: inout DataReport, use: String, _ bar: ProgressBar
    ) throws -> [TrainingExample] {
        let outcomes = try EncodedRows.inParallel(rows.count) { index in
            defer { bar.advance() }
            return try encoder.encode(rows[index])
        }
        var examples: [TrainingExample] = []
        for (row, outcome) in zip(rows, outcomes) {
            switch outcome {
            case .kept(let example, let truncation):
                report.truncate(truncation, row.origin)
                examples.append(example)
            case .dropped(let reason): report.drop(DropReason(reason), row.origin)
            }
        }
        guard !examples.isEmpty || rows.isEmpty else {
            throw TrainingError("no row is left to \(use) on.\n\(report)")
        }
        return examples
    }

    /// Fills the evaluations; what befalls rows that were split off the training data belongs to its report.
    mutating func evaluate(
        on sets: [DataModule.Evaluation], _ config: RunConfig,
        _ examples: (RowSelection, inout DataReport) throws -> [TrainingExample]
    ) throws {
        for set in sets {
            let own =
                try config.data.splitSize != nil
                ? examples(set.rows, &report) : examples(set.rows, &evaluationReport)
            evaluations.append((set.name, own))
        }
    }
}

/// A bar for each data set whose rows are being checked.
private final class CheckBars: Sendable {
    private let bar = Mutex<(name: String, bar: ProgressBar)?>(nil)

    func update(_ name: String, _ done: Int, of total: Int) {
        bar.withLock { current in
            if current?.name != name {
                current = (name, ProgressBar(title: "checking \(name)", unit: "row", total: total, delaySeconds: 2))
            }
            current?.bar.update(step: done)
            if done == total { current?.bar.finish() }
        }
    }
}

extension EncodedRows {
    /// Whether the cache was used and what it holds, in a line.
    func note(_ name: String) -> String {
        let place = store.path.map { "\($0), \(store.numBytes.byteText)" } ?? "nowhere"
        let text =
            switch store.opening {
            case .complete: "taken from the cache (\(place))"
            case .new: store.path == nil ? "prepared and not kept (ANNEAL_CACHE=off)" : "prepared and kept (\(place))"
            case .resumed(let count): "\(count) rows were there from an unfinished run, the others prepared (\(place))"
            case .damaged: "the cache was damaged and is made again (\(place))"
            case .busy: "prepared without the cache: another run is writing it"
            case .unwritable(let reason): "prepared and not kept: the cache cannot be written (\(reason))"
            }
        return "Data, \(name): \(text)\(store.isComplete ? "" : "; the rest is prepared while training")."
    }
}

extension ArrangedSamples {
    /// What was arranged, in a line.
    func note(_ name: String, numRows: Int) -> String {
        switch arrangement {
        case .packed(let capacity):
            let dropped = numTooLong > 0 ? "; \(numTooLong) rows longer than that are left out" : ""
            return "Packing, \(name): \(numRows) rows in \(count) samples of up to \(capacity) tokens\(dropped)."
        case .blocks(let size, _):
            return
                "Blocks, \(name): \(numRows) texts in \(count) blocks of \(size) tokens; \(numRestTokens) tokens left over."
        }
    }
}

extension DataModule.Request {
    /// What the configuration asks for.
    public init(_ config: RunConfig) throws {
        self.init(datasets: config.data.dataset ?? [], evaluationDatasets: config.data.evalDataset ?? [])
        evaluatesEach = config.data.evalOnEachDataset
        maxSamples = config.data.maxSamples
        splitSize = config.data.splitSize
        seed = config.training.seed
        switch config.data.mixStrategy {
        case .concat: mixture = .concatenated
        case .interleaveUnder: mixture = .interleavedUnder(probabilities: config.data.interleaveProbs)
        case .interleaveOver: mixture = .interleavedOver(probabilities: config.data.interleaveProbs)
        case .interleaveOnce: mixture = .interleavedOnce(probabilities: config.data.interleaveProbs)
        }
        if config.data.streaming { bufferSize = config.data.bufferSize }
    }
}
