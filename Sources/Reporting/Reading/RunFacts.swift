import JSON

/// What is known about a run when its curves are read.
public struct RunFacts: Sendable {
    /// The log history of the whole run.
    public var history: [LogRecord]
    /// Steps of the checkpoints that are still on disk.
    public var checkpointSteps: [Int]
    public var outputFolder: String
    /// Steps that were planned; nil when unknown.
    public var totalSteps: Int?
    /// The step whose weights output_dir itself holds, when load_best_model_at_end put them there; nil: the last step's.
    public var loadedBestStep: Int?
    /// Weight of the chosen answers' cross-entropy beside the preference loss (`pref_ftx`).
    public var supervisedWeight = 0.0
    public var numTrainExamples: Int?
    public var numEvalExamples: Int?

    public init(history: [LogRecord], checkpointSteps: [Int], outputFolder: String) {
        self.history = history
        self.checkpointSteps = checkpointSteps.sorted()
        self.outputFolder = outputFolder
    }

    /// A point of a curve.
    struct Point: Sendable, Equatable {
        let step: Int
        let value: Double
    }

    /// Values of a metric in the order of the run; a step that was logged again after a resume counts once, as last
    /// logged.
    func curve(_ key: String) -> [Point] {
        var points: [Point] = []
        for record in history {
            guard let step = record["step"]?.integer, let value = record.number(key) else { continue }
            points.removeAll { $0.step >= step }
            points.append(Point(step: step, value: value))
        }
        return points
    }
}
