import Foundation
import Models
import Reporting
import Torch

/// `profile: true`: records a whole run on the tensor thread and tells afterwards where time and memory went.
final class RunProfile {
    /// The trace in the output folder, for chrome://tracing or ui.perfetto.dev.
    static let traceName = "profile_trace.json"

    private let model: ModelConfig
    private let compute: DType
    private let outputFolder: String
    private var startStep = 0
    private var startTokens = 0
    private var isRecording: Bool

    init(model: ModelConfig, compute: DType, outputFolder: String) {
        self.model = model
        self.compute = compute
        self.outputFolder = outputFolder
        isRecording = Profiler.start()
    }

    // A run that failed leaves no recording under way.
    deinit { if isRecording { _ = Profiler.stop() } }

    /// Remembers what earlier processes of a resumed run have done.
    func begin(_ trainer: Trainer) {
        startStep = trainer.state.globalStep
        startTokens = trainer.progress.totalTokens
    }

    /// Ends the recording, prints the tables and writes the trace.
    func finish(_ trainer: Trainer, packTokens: Int) throws {
        guard isRecording else { return }
        isRecording = false
        let recording = Profiler.stop()
        let roof = try scope("measuring the rate of matrix products") {
            ProductRoof.measured(
                rows: max(32, min(packTokens, 2048)), depth: model.text.hiddenSize,
                columns: model.text.intermediateSize,
                dtype: compute)
        }
        let report = ProfileReport(
            recording, roof: roof, numSteps: trainer.state.globalStep - startStep,
            numTokens: trainer.progress.totalTokens - startTokens)
        print("")
        report.lines.forEach { print($0) }
        let path = "\(outputFolder)/\(Self.traceName)"
        try ChromeTrace(recording).write(to: path)
        print("Trace: \(path) (open it in chrome://tracing or ui.perfetto.dev)")
    }
}
