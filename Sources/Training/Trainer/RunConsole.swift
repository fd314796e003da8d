import Foundation
import Reporting

/// Everything a run says while it runs: the progress bar, the log lines, trainer_log.jsonl and TensorBoard.
final class RunConsole {
    /// Kept by the first process.
    private let log: TrainerLog?
    private let events: EventFile?
    private let hidesBar: Bool
    private var bar: ProgressBar?
    private var evaluationBar: ProgressBar?
    private var startSeconds = RunConsole.now()
    private var tokens = 0

    init(log: TrainerLog?, events: EventFile?, hidesBar: Bool) {
        self.log = log
        self.events = events
        self.hidesBar = hidesBar
    }

    static func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    /// Highest resident memory of the process so far.
    static var peakMemoryBytes: Int {
        var usage = rusage()
        getrusage(0, &usage)  // RUSAGE_SELF
        return usage.ru_maxrss * 1024
    }

    var elapsedSeconds: Double { Self.now() - startSeconds }

    func begin(startStep: Int, totalSteps: Int) {
        startSeconds = Self.now()
        if !hidesBar { bar = ProgressBar(title: "train", total: totalSteps, startStep: startStep) }
    }

    func step(_ step: Int, tokens: Int, loss: Double) {
        self.tokens += tokens
        bar?.update(
            step: step, tokensPerSecond: Double(self.tokens) / max(1e-9, elapsedSeconds),
            peakMemoryBytes: Self.peakMemoryBytes, loss: loss)
    }

    func log(_ record: LogRecord, curves: [String], step: Int, totalTokens: Int, isInLog: Bool) throws {
        line(ConsoleText.logLine(record))
        if isInLog {
            try log?.append(
                record, curves: curves, step: step, elapsedSeconds: elapsedSeconds, numTokens: tokens,
                totalTokens: totalTokens)
        }
        try events?.log(record, step: step)
    }

    func evaluationBegins(numExamples: Int, batchSize: Int, numBatches: Int) {
        if !hidesBar { evaluationBar = ProgressBar(title: "eval", unit: "batch", total: numBatches, delaySeconds: 2) }
    }
    func evaluationAdvances(_ count: Int) { evaluationBar?.advance(by: count) }
    func evaluationEnds() {
        evaluationBar?.finish()
        evaluationBar = nil
    }

    /// A line on standard output that does not disturb the bar.
    func line(_ text: String) {
        if let bar { bar.write(line: text) } else { print(text) }
    }

    func finish() {
        bar?.finish()
        bar = nil
    }
}
