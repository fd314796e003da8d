import Datasets
import Foundation
public import Scoring
import Prompting
import Reporting
public import RunConfig

/// Answers every row of a data set and writes `{"prompt", "predict", "label"}` lines: LLaMA-Factory's vllm_infer.
public struct PredictionRun: Sendable {
    /// What came out of a run.
    public struct Result: Sendable {
        public let path: String
        public let lines: [PredictionLine]
        /// Answers that were written in this run.
        public let numNew: Int
        /// LLaMA-Factory's times of this run: loading, answering, rows and batches a second.
        public let times: [String: Double]
    }

    private let config: RunConfig
    private let settings: InferenceSettings
    private var sampling: SamplingSettings { settings.sampling }
    private let savePath: String
    private let overwrites: Bool
    /// Rows that are answered together.
    private let batchSize: Int
    /// The possible answers whose probabilities are written; nil for none.
    private let classes: [String]?

    public init(
        _ config: RunConfig, savePath: String, overwrites: Bool = false, batchSize: Int = 32, classes: [String]? = nil
    ) throws {
        self.classes = classes
        self.config = config
        self.savePath = savePath
        self.overwrites = overwrites
        self.batchSize = max(1, batchSize)
        settings = try InferenceSettings(config)
    }

    /// Reads the data, loads the model and answers what is not answered yet.
    ///
    /// - Parameter log: hears what the user should see.
    public func start(log: (String) -> Void = { print($0) }) throws -> Result {
        settings.notes.forEach { log("[note] \($0)") }
        let rows = try loadRows(log)
        let file = try PredictionFile(path: savePath, identity: identity(rows), overwrites: overwrites)
        guard file.lines.count <= rows.count else {
            throw InferenceError(
                "\(savePath) has \(file.lines.count) lines, the data only \(rows.count) rows; add --overwrite")
        }
        let first = file.lines.count
        var seconds = (loading: 0.0, answering: 0.0)
        if first == rows.count {
            log("All \(rows.count) predictions are in \(savePath) already.")
        } else {
            if first > 0 { log("Going on after \(first) of \(rows.count) predictions in \(savePath).") }
            let start = DispatchTime.now().uptimeNanoseconds
            let session = try InferenceSession(settings, log: log)
            let loaded = DispatchTime.now().uptimeNanoseconds
            try answer(Array(rows[first...]), first: first, session, file, log)
            seconds = (Double(loaded - start) / 1e9, Double(DispatchTime.now().uptimeNanoseconds - loaded) / 1e9)
        }
        log(String(repeating: "*", count: 70))
        log("\(rows.count) total generated results have been saved at \(savePath).")
        log(String(repeating: "*", count: 70))
        let numNew = rows.count - first
        let perSecond = seconds.answering > 0 ? 1 / seconds.answering : 0
        return Result(
            path: savePath, lines: file.lines, numNew: numNew,
            times: [
                "predict_model_preparation_time": seconds.loading, "predict_runtime": seconds.answering,
                "predict_samples_per_second": Double(numNew) * perSecond,
                "predict_steps_per_second": Double((numNew + batchSize - 1) / batchSize) * perSecond,
            ])
    }

    private func loadRows(_ log: (String) -> Void) throws -> [DataRow] {
        guard let names = config.data.evalDataset ?? config.data.dataset, !names.isEmpty else {
            throw InferenceError(
                "no data set is named: add --dataset NAME (of dataset_info.json in dataset_dir, or a file)")
        }
        let catalog = try DatasetCatalog(folder: config.data.datasetDir, mediaFolder: config.data.mediaDir)
        var rows: [DataRow] = []
        for name in names {
            let dataset = try catalog.load(name, maxSamples: config.data.maxSamples, seed: config.training.seed)
            let report = dataset.report
            if report.numDropped > 0 || !report.warnings.isEmpty { log(report.description) }
            rows += dataset.keptRows
        }
        return rows
    }

    /// Batches are read (text encoded, pixels decoded) while rows before them are answered, up to a batch at a time.
    private func answer(
        _ rows: [DataRow], first: Int, _ session: InferenceSession, _ file: PredictionFile, _ log: (String) -> Void
    ) throws {
        let bar = ProgressBar(title: "predict", unit: "row", total: first + rows.count, startStep: first)
        defer { bar.finish() }
        let starts = Array(stride(from: 0, to: rows.count, by: batchSize))
        func batch(_ number: Int) -> [DataRow] {
            Array(rows[starts[number]..<min(starts[number] + batchSize, rows.count)])
        }
        let settings = settings
        func read(_ rows: [DataRow]) -> Background<[PreparedRow]> {
            Background { try PreparedRow.prepare(rows, session, cutoff: settings.cutoffLength) }
        }
        let probabilities = try classes.map { try AnswerProbabilities(classes: $0, session: session) }
        var next: Background<[PreparedRow]>? = starts.isEmpty ? nil : read(batch(0))
        var numTruncated = 0, closings: [ThoughtGuard.Closing: Int] = [:]
        let window = AnswerWindow<PreparedRow>(session.engine, width: batchSize) { [sampling] row, number in
            session.encoder.request(row.prompt, sampling: sampling, stream: UInt64(first + number))
        }
        defer { window.close() }
        for number in 0...starts.count {
            var prepared = try (next?.value() ?? [])[...]
            next = number + 1 < starts.count ? read(batch(number + 1)) : nil
            while let (row, completion) = try window.next(&prepared, drains: number == starts.count) {
                try file.append(
                    PredictionLine(
                        prompt: session.tokenizer.decode(
                            row.encoded.inputIDs, skipSpecialTokens: sampling.skipSpecialTokens, cleansUp: true),
                        predict: session.text(of: completion, sampling),
                        label: session.tokenizer.decode(
                            row.encoded.labelIDs, skipSpecialTokens: sampling.skipSpecialTokens, cleansUp: true),
                        labelProbabilities: try probabilities?(row.prompt, session)))
                if row.encoded.isTruncated { numTruncated += 1 }
                if let closing = completion.thoughtClosing { closings[closing, default: 0] += 1 }
                bar.advance()
            }
        }
        if numTruncated > 0 { log("[warning] \(numTruncated) rows were cut to cutoff_len \(settings.cutoffLength).") }
        report(closings, session.engine.statistics, log)
    }

    /// Says what was done beside writing answers.
    private func report(
        _ closings: [ThoughtGuard.Closing: Int], _ statistics: EngineStatistics, _ log: (String) -> Void
    ) {
        if let budget = sampling.thinkingBudget {
            log("thinking_budget \(budget): \(closings[.budget] ?? 0) thoughts were closed when it was spent.")
        }
        if sampling.stopsThoughtLoops {
            log("loop_guard: \(closings[.loop] ?? 0) thoughts were closed because they repeated themselves.")
        }
        if sampling.numLookupTokens > 0 {
            let (right, all) = (statistics.numRightGuesses, statistics.numGuessedTokens)
            let share = all > 0 ? String(format: " (%.1f %%)", 100 * Double(right) / Double(all)) : ""
            log("prompt_lookup_num_tokens: \(right) of \(all) guessed tokens were right\(share).")
        }
    }

    /// What the answers depend on, one line each.
    private func identity(_ rows: [DataRow]) -> String {
        /// Size and time of the weight files of a folder.
        func stamp(_ folder: String) -> String {
            let files = FileManager.default
            let names = ((try? files.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".safetensors") }
            let facts = names.sorted().map { name in
                let facts = try? files.attributesOfItem(atPath: "\(folder)/\(name)")
                return
                    "\(facts?[.size] as? Int ?? 0) bytes of \((facts?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0)"
            }
            return "\(folder) (\(facts.joined(separator: ", ")))"
        }
        let location = settings.location
        let texts = rows.map {
            "\($0.conversation.messages.map(\.content))\($0.conversation.images)\($0.conversation.system ?? "")"
        }
        return
            (([
                "model: \(stamp(location.modelFolder))", "adapters: \(location.adapters.map(stamp))",
                "template: \(settings.template)",
                "system: \(settings.defaultSystem ?? "")",
                "thinking: \(settings.enableThinking.map(String.init) ?? "null")",
                "cutoff_len: \(settings.cutoffLength)",
                "pixels: \(settings.imageLimits) \(settings.videoLimits) \(settings.videoSampling)",
                "dtype: \(settings.dtype.rawValue)",
                "quantization: \(settings.quantization.map { "\($0.code)" } ?? "none")",
            ]
            + Mirror(reflecting: sampling).children.map { "sampling, \($0.label ?? ""): \($0.value)" }
            + [
                "rows: \(rows.count), content \(Fingerprint.of(texts))"
            ] + (classes.map { ["label_probabilities: \($0)"] } ?? [])).map {
                $0.replacingOccurrences(of: "\n", with: " ")
            }.joined(separator: "\n")) + "\n"
    }
}

/// A row with everything the engine needs.
private struct PreparedRow: Sendable {
    let prompt: Prompt
    let encoded: EncodedPrompt

    /// Prepares rows on all cores, in order.
    static func prepare(_ rows: [DataRow], _ session: InferenceSession, cutoff: Int) throws -> [PreparedRow] {
        let results = Collected<Swift.Result<PreparedRow, any Error>>(count: rows.count)
        DispatchQueue.concurrentPerform(iterations: rows.count) { index in
            results.set(
                index,
                Swift.Result {
                    do {
                        let (prompt, encoded) = try session.prompt(rows[index].conversation, cutoff: cutoff)
                        return PreparedRow(prompt: prompt, encoded: encoded)
                    } catch {
                        throw InferenceError("\(rows[index].origin): \(error)")
                    }
                })
        }
        return try results.values.map { try $0.get() }
    }
}

/// FNV-1a over texts: tells data apart, hides nothing.
enum Fingerprint {
    static func of(_ texts: [String]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for text in texts {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01B3
        }
        return String(hash, radix: 16)
    }
}
