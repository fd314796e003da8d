public import Basics
import Glibc
import JSON

/// `trainer_log.jsonl`: one line a log, with progress and times, under LLaMA-Factory's names, and after them the curves of the
/// stage (rewards, log-probabilities, divergences), which the reference leaves to `trainer_state.json`.
///
/// Matches the reference's `LogCallback`, except that after a resume the times count only the steps of this process: the
/// reference divides them by all steps and so promises far too early an end.
public struct TrainerLog: Sendable {
    /// Name of the file in output_dir.
    public static let fileName = "trainer_log.jsonl"

    private let file: AppendFile
    private let totalSteps: Int
    private let startStep: Int

    /// Opens the log of a run.
    /// - Parameters:
    ///   - totalSteps: number of optimizer steps of the whole run.
    ///   - resumeStep: the step the run goes on from: lines about later steps, which a killed run left, are cut off. Nil
    ///     for a new run: an old file is removed.
    public init(folder: String, totalSteps: Int, resumeStep: Int? = nil) throws(FileError) {
        try Files.makeFolder(folder)
        let path = "\(folder)/\(Self.fileName)"
        if let resumeStep {
            try Self.cut(path, after: resumeStep)
        } else if unlink(path) != 0 && errno != ENOENT {
            throw .system("cannot be removed", path)
        }
        file = try AppendFile(path)
        self.totalSteps = totalSteps
        startStep = resumeStep ?? 0
    }

    /// The memory of the accelerator at its highest, in bytes.
    public struct PeakMemory: Sendable {
        public let allocatedBytes: Int
        public let reservedBytes: Int
        public init(allocatedBytes: Int, reservedBytes: Int) {
            self.allocatedBytes = allocatedBytes
            self.reservedBytes = reservedBytes
        }
    }

    /// Appends one line and returns what it says.
    /// - Parameters:
    ///   - record: the newest entry of the log history.
    ///   - curves: names of its values that belong to the stage.
    ///   - step: optimizer steps done.
    ///   - elapsedSeconds: since this process began to train.
    ///   - numTokens: input tokens seen in this process; nil or 0 leaves out `throughput` and `total_tokens`.
    ///   - totalTokens: input tokens of the whole run, earlier processes included; `numTokens` when nil.
    @discardableResult
    public func append(
        _ record: LogRecord, curves: [String] = [], step: Int, elapsedSeconds: Double, numTokens: Int? = nil,
        totalTokens: Int? = nil, peakMemory: PeakMemory? = nil
    ) throws(FileError) -> LogRecord {
        let line = self.line(
            record, curves: curves, step: step, elapsedSeconds: elapsedSeconds, numTokens: numTokens,
            totalTokens: totalTokens,
            peakMemory: peakMemory)
        try file.append(Array((line.object.json() + "\n").utf8))
        return line
    }

    func line(
        _ record: LogRecord, curves: [String], step: Int, elapsedSeconds: Double, numTokens: Int?, totalTokens: Int?,
        peakMemory: PeakMemory?
    ) -> LogRecord {
        var line: LogRecord = ["current_steps": .int(step), "total_steps": .int(totalSteps)]
        let sources = [
            ("loss", "loss"), ("eval_loss", "eval_loss"), ("predict_loss", "predict_loss"), ("reward", "reward"),
            ("accuracy", "rewards/accuracies"), ("lr", "learning_rate"), ("epoch", "epoch"),
        ]
        for (name, source) in sources {
            if let value = record[source], value != .null { line[name] = value }
        }
        let numDone = step - startStep
        let remaining = numDone > 0 ? Double(totalSteps - step) * elapsedSeconds / Double(numDone) : 0
        let percentage = totalSteps == 0 ? JSONValue.int(100) : .double(Double(step) / Double(totalSteps) * 100)
        line["percentage"] = percentage.rounded(2)
        line["elapsed_time"] = .string(Python.duration(elapsedSeconds))
        line["remaining_time"] = .string(Python.duration(remaining))
        if let numTokens, numTokens > 0 {
            line["throughput"] = .double(Python.round(Double(numTokens) / max(elapsedSeconds, 1e-6), 2))
            line["total_tokens"] = .int(totalTokens ?? numTokens)
        }
        if let peakMemory {
            let gibibyte = Double(1 << 30)
            line["vram_allocated"] = .double(Python.round(Double(peakMemory.allocatedBytes) / gibibyte, 2))
            line["vram_reserved"] = .double(Python.round(Double(peakMemory.reservedBytes) / gibibyte, 2))
        }
        let written = Set(sources.map(\.1))
        for name in curves where !written.contains(name) { line[name] = record[name] }
        return line
    }

    /// Removes lines about steps after `step`, and a last line that a crash left half-written.
    private static func cut(_ path: String, after step: Int) throws(FileError) {
        guard let bytes = try Files.read(path) else { return }
        var kept: [UInt8] = []
        for line in bytes.split(separator: 0x0A) {
            guard let record = LogRecord(try? JSONValue(json: Array(line), path: path)),
                let current = record["current_steps"]?.integer, current <= step
            else { continue }
            // The closing line of a finished run says nothing about a run that goes on.
            if record["loss"] == nil && record["eval_loss"] == nil && record["total_steps"]?.integer == current {
                continue
            }
            kept += line + [0x0A]
        }
        if kept != bytes { try AtomicFile.write(kept, to: path) }
    }
}
