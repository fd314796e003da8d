import Datasets
import Foundation
import Prompting

/// The samples of a streamed run: rows are encoded (and packed) a window at a time, the next window while this one is used.
///
/// A sample's number says epoch, window and place, and a window is always made the same way, so that a run may go on from
/// any sample: what a shuffle or packing buffer would hold is made again. How many there are is not known before the end.
/// `@unchecked`: the windows are under `lock`.
final class StreamedSamples: SampleSource, @unchecked Sendable {
    private typealias Window = [[TrainingExample]]

    private static let placeBits = 20, windowBits = 20
    private let stream: RowStream
    private let encoder: RowEncoder
    private let arrangement: ArrangedSamples.Arrangement?
    private let windowRows: Int
    private let lock = NSLock()
    private var windows: [Int: Window] = [:]
    private var upcoming: (key: Int, window: Prefetched<Window?>)?
    private var encodedReport = DataReport()
    private var counted: Set<Int> = []

    init(_ stream: RowStream, _ encoder: RowEncoder, arrangement: ArrangedSamples.Arrangement?, windowRows: Int) {
        self.stream = stream
        self.encoder = encoder
        self.arrangement = arrangement
        self.windowRows = min(windowRows, 1 << Self.placeBits)
    }

    /// Samples of the first window: those of an epoch are not known.
    var count: Int { firstWindow.count }

    private var firstWindow: Window { (try? window(epoch: 0, 0)) ?? [] }

    /// What became of the rows that were encoded.
    var report: DataReport { lock.withLock { encodedReport } }

    /// The length that most samples have is not known: that of the first window's stands for all.
    func numTokens(of sample: Int) -> Int { 0 }

    /// No sample is longer than the cutoff; the total is that of the first window, as `count` is.
    func tokenCounts() -> (longest: Int, total: Int) {
        let total = firstWindow.joined().reduce(0) { $0 + $1.inputIDs.count }
        return (encoder.encoder.settings.cutoffLength, total)
    }

    func contains(_ sample: Int) -> Bool { (try? examples(of: sample)) != nil }

    func firstExample() throws -> TrainingExample? { try window(epoch: 0, 0)?.first?.first }

    func examples(of sample: Int) throws -> [TrainingExample] {
        let place = sample & ((1 << Self.placeBits) - 1), key = sample >> Self.placeBits
        guard let window = try window(epoch: key >> Self.windowBits, key & ((1 << Self.windowBits) - 1)),
            place < window.count
        else {
            throw TrainingError("sample \(place) of a streamed window is gone: was a file changed?")
        }
        return window[place]
    }

    /// The number of the sample at or behind `number` in its epoch; nil at the end of the epoch.
    func sample(atOrAfter number: Int, epoch: Int) throws -> Int? {
        var window = number >> Self.placeBits & ((1 << Self.windowBits) - 1),
            place = number & ((1 << Self.placeBits) - 1)
        while let samples = try self.window(epoch: epoch, window) {
            if place < samples.count {
                return ((epoch << Self.windowBits) + window) << Self.placeBits + place
            }
            (window, place) = (window + 1, 0)
        }
        return nil
    }

    /// The samples of a window; nil behind the last one of the epoch.
    private func window(epoch: Int, _ index: Int) throws -> Window? {
        let key = (epoch << Self.windowBits) + index
        if let known = lock.withLock({ windows[key] }) { return known }
        let waiting = lock.withLock { () -> Prefetched<Window?>? in
            defer { upcoming = nil }
            return upcoming.flatMap { $0.key == key ? $0.window : nil }
        }
        guard let window = try waiting?.value() ?? make(epoch, index, key) else { return nil }
        lock.withLock {
            // The step that is computed and the one that is prepared may still need the window before.
            for old in windows.keys.sorted().dropLast(2) { windows[old] = nil }
            windows[key] = window
            upcoming = (key + 1, Prefetched { try self.make(epoch, index + 1, key + 1) })
        }
        return window
    }

    private func make(_ epoch: Int, _ index: Int, _ key: Int) throws -> Window? {
        let places = try stream.places(epoch: epoch, index * windowRows..<(index + 1) * windowRows)
        guard !places.isEmpty else { return nil }
        let encoder = encoder, stream = stream, tasks = (places.count + 31) / 32
        let parts = try EncodedRows.inParallel(tasks) { task in
            try places[task * 32..<min((task + 1) * 32, places.count)].map { place in
                switch try stream.row(place) {
                case .kept(let row): (try encoder.encode(row), row.origin)
                case .dropped(let reason, let origin): (RowEncoder.Outcome.dropped(reason.description), origin)
                }
            }
        }
        var examples: [TrainingExample] = []
        var report = DataReport()
        for (outcome, origin) in parts.joined() {
            switch outcome {
            case .kept(let example, let truncation):
                examples.append(example)
                report.truncate(truncation, origin)
            case .dropped(let reason): report.drop(DropReason(reason), origin)
            }
        }
        report.read(places.count)
        lock.withLock { if counted.insert(key).inserted { encodedReport.merge(report) } }
        guard let arrangement else { return examples.map { [$0] } }
        let samples = ArrangedSamples(
            examples, batches: [0..<examples.count], arrangement, padID: encoder.encoder.tokenizer.padID)
        return try (0..<samples.count).map(samples.examples)
    }
}

/// Gives out the batches of a streamed run.
struct StreamLoader: UpdateSource {
    let samples: StreamedSamples
    let batchSize: Int
    let accumulation: Int
    private(set) var cursor: BatchLoader.Cursor

    /// - Throws: when an epoch has no sample at all.
    mutating func next() throws -> BatchLoader.Update {
        var taken: [Int] = [], place = try samples.sample(atOrAfter: cursor.sample ?? 0, epoch: cursor.epoch)
        if place == nil {
            // A cursor at the very end of an epoch, or an epoch without samples.
            cursor = BatchLoader.Cursor(epoch: cursor.epoch + 1)
            place = try samples.sample(atOrAfter: 0, epoch: cursor.epoch)
        }
        let epoch = cursor.epoch
        while let sample = place, taken.count < batchSize * accumulation {
            taken.append(sample)
            place = try samples.sample(atOrAfter: sample + 1, epoch: epoch)
        }
        guard !taken.isEmpty else { throw TrainingError("no row of the stream can be trained on.\n\(samples.report)") }
        let batches = stride(from: 0, to: taken.count, by: batchSize).map {
            Array(taken[$0..<min($0 + batchSize, taken.count)])
        }
        let numDone = cursor.batch + batches.count
        cursor =
            place == nil
            ? BatchLoader.Cursor(epoch: epoch + 1) : BatchLoader.Cursor(epoch: epoch, batch: numDone, sample: place)
        return BatchLoader.Update(batches: batches, epoch: epoch, endsEpoch: place == nil, numBatchesDone: numDone)
    }

    init(_ samples: StreamedSamples, batchSize: Int, accumulation: Int, cursor: BatchLoader.Cursor) {
        self.samples = samples
        self.batchSize = batchSize
        self.accumulation = accumulation
        self.cursor = cursor
    }
}

/// What gives out the samples of a run, update by update, and can go on from any place. A copy looks ahead.
protocol UpdateSource: Sendable {
    /// Where the next update begins.
    var cursor: BatchLoader.Cursor { get }
    /// Gives out the batches of the next update, and moves on.
    mutating func next() throws -> BatchLoader.Update
}

extension BatchLoader: UpdateSource {}
