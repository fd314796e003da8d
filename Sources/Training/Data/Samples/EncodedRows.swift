import Datasets
import Dispatch
import Foundation
import Prompting
import Reporting

/// The rows of a data set as examples, each row a sample: encoded on all cores into a `RecordStore`, read from there.
///
/// Training may start before all rows are encoded. Then the rows that will be kept are known from the sizes of their texts, a
/// row whose turn comes early is encoded on the spot, and the rest follows in the background. `@unchecked`: what changes after `prepare` is
/// under `lock`.
final class EncodedRows: SampleSource, @unchecked Sendable {
    /// Rows that are encoded before training starts; of later rows only the sizes need to be known.
    static let numHeadRows = 4096
    private static let rowsPerTask = 128

    let store: RecordStore
    private let rows: any RowSource
    private let encoder: RowEncoder
    private let cache: SampleCache?
    private let lock = NSLock()
    /// The numbers of the rows that are kept.
    private var kept: [Int32] = []
    /// Tokens of each kept row, exact or estimated.
    private var tokens: [Int32] = []
    /// Tokens of each encoded row; -1 where it is left out.
    private var encodedTokens: [Int32] = []
    private var encodedReport = DataReport()
    private var failure: (any Error)?
    private var isGoingOn = true

    /// Opens the rows' store; `prepare` makes the samples.
    init(_ rows: RowSelection, _ encoder: RowEncoder, cache: SampleCache) throws {
        self.rows = rows
        self.encoder = encoder
        self.cache = cache
        var found: [StoredRow.Summary] = []
        found.reserveCapacity(rows.count)
        store = try RecordStore(folder: cache.folder, key: cache.key(of: rows, encoder), rebuilds: cache.rebuilds) {
            found.append(StoredRow.Summary($0))
        }
        for summary in found { note(summary) }
    }

    /// Opens a finished store, of which all is known.
    init(reading path: String, _ encoder: RowEncoder) throws {
        self.encoder = encoder
        cache = nil
        var found: [StoredRow.Summary] = []
        store = try RecordStore(reading: path) { found.append(StoredRow.Summary($0)) }
        rows = SavedRows(file: path, count: found.count)
        for summary in found { note(summary) }
        takeAll()
    }

    // MARK: Samples

    var count: Int { kept.count }

    func numTokens(of sample: Int) -> Int { Int(tokens[sample]) }

    func examples(of sample: Int) throws -> [TrainingExample] {
        let row = Int(kept[sample]), origin = rows.origin(row)
        let (isEncoded, failure) = lock.withLock { (row < encodedTokens.count, self.failure) }
        if let failure { throw failure }
        let outcome =
            try isEncoded ? StoredRow(store.record(row), origin: origin).outcome : encoder.encode(rows.row(row))
        guard case .kept(let example, _) = outcome else {
            throw DataError(
                "the row cannot be used any more: was the file changed?", dataset: origin.dataset, file: origin.file,
                row: origin.row)
        }
        return [example]
    }

    /// The kept rows among ranges of all rows.
    func keptRanges(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var sample = 0
        return ranges.map { range in
            let first = sample
            while sample < kept.count, kept[sample] < Int32(range.upperBound) { sample += 1 }
            return first..<sample
        }
    }

    /// What became of the rows that are encoded so far.
    var report: DataReport { lock.withLock { encodedReport } }

    // MARK: Encoding

    /// Encodes what has to be known before the first step.
    ///
    /// - Parameter needsLengths: samples are made by their exact lengths (packing, pre-training).
    /// - Throws: the first row's mistake.
    func prepare(needsLengths: Bool, _ bar: ProgressBar) throws {
        for _ in encodedTokens { bar.advance() }
        try encode(upTo: min(rows.count, Self.numHeadRows), bar)
        if needsLengths || rows.count <= Self.numHeadRows { return try prepareExactly(bar) }
        guard let sizes = try doubtlessSizes() else { return try prepareExactly(bar) }
        // Estimates also where the lengths are known by now: a run and its continuation must plan alike.
        let head = sizes[..<Self.numHeadRows].reduce(0) { $0 + Int($1) }
        let headTokens = encodedTokens[..<Self.numHeadRows].reduce(0) { $0 + Int(max(0, $1)) }
        let tokensPerByte = Double(headTokens) / Double(max(1, head))
        for row in 0..<rows.count where sizes[row] >= 0 && (row >= Self.numHeadRows || encodedTokens[row] >= 0) {
            kept.append(Int32(row))
            let estimate = Int32(clamping: Int(Double(sizes[row]) * tokensPerByte) + 1)
            tokens.append(
                row < Self.numHeadRows
                    ? encodedTokens[row] : min(estimate, Int32(clamping: encoder.encoder.settings.cutoffLength)))
        }
    }

    private func prepareExactly(_ bar: ProgressBar) throws {
        try encode(upTo: rows.count, bar)
        try complete()
        takeAll()
    }

    private func takeAll() {
        for (row, count) in encodedTokens.enumerated() where count >= 0 {
            kept.append(Int32(row))
            tokens.append(count)
        }
    }

    /// The most tokens each row can have, -1 where it is left out; nil when that cannot be told without encoding most rows.
    ///
    /// A row whose texts fit within cutoff_len, whatever the tokenizer makes of them, is neither cut nor left out. Others
    /// are encoded to know.
    private func doubtlessSizes() throws -> [Int32]? {
        guard case .conversation = encoder.purpose else { return nil }
        let frame = try encoder.frameTokens(), cutoff = Int32(clamping: encoder.encoder.settings.cutoffLength)
        var sizes: [Int32] = [], doubtful: [Int] = []
        sizes.reserveCapacity(rows.count)
        for row in 0..<rows.count {
            guard let size = rows.textSize(row) else { return nil }
            let most = Int(size.maxBytes) + (Int(size.numMessages) + 1) / 2 * frame
            sizes.append(Int32(clamping: most))
            if row >= Self.numHeadRows, most > cutoff { doubtful.append(row) }
        }
        guard doubtful.count * 4 <= rows.count else { return nil }
        let rows = rows, encoder = encoder, unknown = doubtful
        let isKept = try Self.inParallel(unknown.count) { index in
            if case .kept = try encoder.encode(rows.row(unknown[index])) { true } else { false }
        }
        for (row, isKept) in zip(doubtful, isKept) where !isKept { sizes[row] = -1 }
        return sizes
    }

    /// Encodes the rest of the rows away from the caller.
    func goOn() {
        guard !store.isComplete else { return }
        DispatchQueue.global(qos: .utility).async { [weak self] in
            while let self, self.lock.withLock({ self.isGoingOn }), self.encodedTokens.count < self.rows.count {
                do { try self.encode(upTo: min(self.rows.count, self.encodedTokens.count + 2048), nil) } catch {
                    self.lock.withLock { self.failure = error }
                    return
                }
            }
            do { try self?.complete() } catch { self?.lock.withLock { self?.failure = error } }
        }
    }

    /// Lets the background work end soon.
    func stop() { lock.withLock { isGoingOn = false } }

    private func complete() throws {
        guard !store.isComplete, encodedTokens.count == rows.count else { return }
        try store.finish()
        _ = try cache?.makeRoom(keeping: store.path)
    }

    /// Encodes rows in order up to `end`, a window at a time, so that memory stays the same.
    private func encode(upTo end: Int, _ bar: ProgressBar?) throws {
        let rows = rows, encoder = encoder
        while encodedTokens.count < end {
            let first = encodedTokens.count, count = min(end - first, Self.rowsPerTask * 16)
            let tasks = (count + Self.rowsPerTask - 1) / Self.rowsPerTask
            let parts = try Self.inParallel(tasks) { task in
                let start = first + task * Self.rowsPerTask
                return try (start..<min(start + Self.rowsPerTask, first + count)).map { row in
                    defer { bar?.advance() }
                    return try StoredRow(encoder.encode(rows.row(row))).bytes
                }
            }
            for part in parts { try store.append(part) }
            for bytes in parts.joined() { note(bytes.withUnsafeBytes { StoredRow.Summary($0) }) }
        }
    }

    private func note(_ summary: StoredRow.Summary) {
        lock.withLock {
            if let reason = summary.reason { encodedReport.drop(DropReason(reason), rows.origin(encodedTokens.count)) }
            encodedReport.truncate(summary.truncation, rows.origin(encodedTokens.count))
            encodedTokens.append(Int32(clamping: summary.numTokens ?? -1))
        }
    }

    /// Values made on all cores, in order; the first failure in that order is thrown.
    static func inParallel<Value: Sendable>(_ count: Int, _ make: @Sendable (Int) throws -> Value) throws -> [Value] {
        let results = Slots<Result<Value, any Error>>(count: count)
        DispatchQueue.concurrentPerform(iterations: count) { index in
            results.set(index, Result { try make(index) })
        }
        return try results.values.compactMap { try $0?.get() }
    }
}

extension RowEncoder {
    /// The most tokens that the template adds to a pair of messages.
    func frameTokens() throws -> Int {
        var settings = encoder.settings
        settings.cutoffLength = 1 << 20
        let plain = try ConversationEncoder(
            template: encoder.template, tokenizer: encoder.tokenizer, settings: settings)
        let pair = try plain.encode(
            Conversation(messages: [Message(.user, ""), Message(.assistant, "")]), media: .none)
        let withSystem = try plain.encode(
            Conversation(system: "a", messages: [Message(.user, "a"), Message(.assistant, "a")]), media: .none)
        // A tokenizer may put a mark before each text.
        return max(pair.inputIDs.count, withSystem.inputIDs.count) + 16
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
