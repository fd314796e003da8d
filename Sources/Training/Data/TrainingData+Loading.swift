public import Datasets
import Foundation
import Media
public import Prompting
import Reporting
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
    public static func load(
        _ config: RunConfig, encoder: ConversationEncoder, media: MediaSettings?
    ) throws -> TrainingData {
        let catalog = try DatasetCatalog(folder: config.data.datasetDir, mediaFolder: config.data.mediaDir)
        let module = try DataModule(try DataModule.Request(config), from: catalog)
        try refuseMistakes(in: module)
        let total = module.train.count + module.evaluations.reduce(0) { $0 + $1.rows.count }
        let bar = ProgressBar(title: "data", unit: "row", total: total, delaySeconds: 2)
        defer { bar.finish() }
        var report = module.report, evaluationReport = module.evaluationReport
        let train = try encode(module.train, encoder, media, &report, bar)
        guard !train.isEmpty || module.train.isEmpty else {
            throw TrainingError("no row is left to train on.\n\(report)")
        }
        var evaluations: [(String?, [TrainingExample])] = []
        for evaluation in module.evaluations {
            let isSplit = config.data.splitSize != nil
            let examples =
                isSplit
                ? try encode(evaluation.rows, encoder, media, &report, bar)
                : try encode(evaluation.rows, encoder, media, &evaluationReport, bar)
            guard !examples.isEmpty else {
                throw TrainingError("no row is left to evaluate on.\n\(isSplit ? report : evaluationReport)")
            }
            evaluations.append((evaluation.name, examples))
        }
        return TrainingData(train: train, evaluations: evaluations, report: report, evaluationReport: evaluationReport)
    }

    /// Rows with a mistake that has to be mended are an error, all kinds of it at once.
    private static func refuseMistakes(in module: DataModule) throws {
        let mistakes = (module.report.dropped + module.evaluationReport.dropped).filter(\.reason.isMistake)
        guard !mistakes.isEmpty else { return }
        let lines = mistakes.map { mistake in
            let rows = mistake.rows.map(\.description).joined(separator: "; ")
            return
                "\(mistake.reason) (\(mistake.count) rows: \(rows)\(mistake.count > mistake.rows.count ? "; …" : ""))"
        }
        throw DataError(lines.joined(separator: "\n"))
    }

    /// Encodes rows on all cores, in order.
    private static func encode(
        _ rows: [DataRow], _ encoder: ConversationEncoder, _ media: MediaSettings?, _ report: inout DataReport,
        _ bar: ProgressBar
    ) throws -> [TrainingExample] {
        var examples: [TrainingExample] = []
        for (index, result) in encodeAll(rows, encoder, media, bar).enumerated() {
            switch try result.get() {
            case .kept(let example, let isTruncated):
                if isTruncated { report.truncate() }
                examples.append(example)
            case .dropped(let reason): report.drop(DropReason(reason), rows[index].origin)
            }
        }
        return examples
    }

    /// What becomes of each row, in order.
    static func encodeAll(
        _ rows: [DataRow], _ encoder: ConversationEncoder, _ media: MediaSettings?, _ bar: ProgressBar
    ) -> [Result<EncodedRow, any Error>] {
        let results = Slots<Result<EncodedRow, any Error>>(count: rows.count)
        DispatchQueue.concurrentPerform(iterations: (rows.count + 31) / 32) { chunk in
            for index in (chunk * 32)..<min(chunk * 32 + 32, rows.count) {
                results.set(index, Result { try encode(rows[index], encoder, media) })
                bar.advance()
            }
        }
        return results.values.compactMap(\.self)
    }

    /// A row as the model reads it, or why it is left out.
    enum EncodedRow: Sendable {
        case kept(TrainingExample, isTruncated: Bool)
        case dropped(String)
    }

    private static func encode(_ row: DataRow, _ encoder: ConversationEncoder, _ media: MediaSettings?) throws
        -> EncodedRow
    {
        do {
            let grids = try media?.grids(of: row.conversation) ?? .none
            let encoded = try encoder.encode(row.conversation, media: grids)
            guard encoded.labels.dropFirst().contains(where: { $0 != EncodedExample.ignored }) else {
                return .dropped("nothing to learn: the answer is empty or cut away (raise cutoff_len)")
            }
            let example = TrainingExample(
                inputIDs: encoded.inputIDs, labels: encoded.labels,
                images: encoded.keptImages.map { row.conversation.images[$0] },
                videos: encoded.keptVideos.map { row.conversation.videos[$0] }, origin: row.origin)
            return .kept(example, isTruncated: encoded.isTruncated || encoded.numDroppedTurns > 0)
        } catch let error as ConversationError where error.isDroppable {
            return .dropped(
                error.reason == .mediaCut
                    ? "cutoff_len would cut through an image or video (raise it, or lower image_max_pixels)"
                    : error.message)
        } catch {
            throw DataError("\(error)", dataset: row.origin.dataset, file: row.origin.file, row: row.origin.row)
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
        case .interleaveOnce:
            throw TrainingError("mix_strategy interleave_once is not supported yet; use concat or interleave_under")
        }
    }
}

/// Results of a parallel loop. `@unchecked`: each index is written by one thread only, read after the loop.
private final class Slots<Value: Sendable>: @unchecked Sendable {
    private let base: UnsafeMutablePointer<Value?>
    private let count: Int
    init(count: Int) {
        self.count = count
        base = .allocate(capacity: max(count, 1))
        base.initialize(repeating: nil, count: count)
    }
    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }
    func set(_ index: Int, _ value: Value) { base[index] = value }
    var values: [Value?] { Array(UnsafeBufferPointer(start: base, count: count)) }
}
