import Datasets
import Foundation
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
    }

    private let config: RunConfig
    private let settings: InferenceSettings
    private let sampling: SamplingSettings
    private let savePath: String
    private let overwrites: Bool
    /// Rows that are answered together.
    private let batchSize: Int

    public init(_ config: RunConfig, savePath: String, overwrites: Bool = false, batchSize: Int = 32) throws {
        self.config = config
        self.savePath = savePath
        self.overwrites = overwrites
        self.batchSize = max(1, batchSize)
        settings = try InferenceSettings(config)
        sampling = SamplingSettings(config.generation, seed: UInt64(bitPattern: Int64(config.training.seed)))
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
        if first == rows.count {
            log("All \(rows.count) predictions are in \(savePath) already.")
        } else {
            if first > 0 { log("Going on after \(first) of \(rows.count) predictions in \(savePath).") }
            let session = try InferenceSession(settings, log: log)
            try answer(Array(rows[first...]), first: first, session, file, log)
        }
        log(String(repeating: "*", count: 70))
        log("\(rows.count) total generated results have been saved at \(savePath).")
        log(String(repeating: "*", count: 70))
        return Result(path: savePath, lines: file.lines, numNew: rows.count - first)
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

    /// Batches are read (text encoded, pixels decoded) while the batch before is answered.
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
        var next: Background<[PreparedRow]>? = starts.isEmpty ? nil : read(batch(0))
        var numTruncated = 0
        for number in starts.indices {
            guard let prepared = try next?.value() else { break }
            next = number + 1 < starts.count ? read(batch(number + 1)) : nil
            let completions = try session.complete(
                prepared.map(\.prompt), sampling: sampling, firstStream: first + starts[number])
            for (row, completion) in zip(prepared, completions) {
                try file.append(
                    PredictionLine(
                        prompt: session.tokenizer.decode(
                            row.encoded.inputIDs, skipSpecialTokens: sampling.skipSpecialTokens),
                        predict: session.text(of: completion, sampling),
                        label: session.tokenizer.decode(
                            row.encoded.labelIDs, skipSpecialTokens: sampling.skipSpecialTokens)))
                if row.encoded.isTruncated { numTruncated += 1 }
                bar.advance()
            }
        }
        if numTruncated > 0 { log("[warning] \(numTruncated) rows were cut to cutoff_len \(settings.cutoffLength).") }
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
            ([
                "model: \(stamp(location.modelFolder))", "adapters: \(location.adapters.map(stamp))",
                "template: \(settings.template)",
                "system: \(settings.defaultSystem ?? "")",
                "thinking: \(settings.enableThinking.map(String.init) ?? "null")",
                "cutoff_len: \(settings.cutoffLength)",
                "pixels: \(settings.imageLimits) \(settings.videoLimits) \(settings.videoSampling)",
                "dtype: \(settings.dtype.rawValue)", "sampling: \(sampling)",
                "rows: \(rows.count), content \(Fingerprint.of(texts))",
            ].map { $0.replacingOccurrences(of: "\n", with: " ") }.joined(separator: "\n")) + "\n"
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
