import Datasets

/// How many updates a run has, by transformers 5's rule: the last, incomplete accumulation of an epoch is an update too.
public struct StepPlan: Sendable, Equatable {
    public let numSamples: Int
    public let batchSize: Int
    public let accumulation: Int
    /// Processes that each have such batches.
    public let numProcesses: Int
    /// Batches of a process.
    public let batchesPerEpoch: Int
    public let updatesPerEpoch: Int
    public let totalUpdates: Int
    /// Epochs that are begun.
    public let numEpochs: Int
    /// Whether the number of samples is not known.
    public let isStreamed: Bool

    /// The plan of a streamed run of `maxSteps` updates, which is one epoch without a known end.
    public init(streamedRows: Int, batchSize: Int, accumulation: Int, maxSteps: Int) {
        numSamples = streamedRows
        self.batchSize = batchSize
        self.accumulation = accumulation
        numProcesses = 1
        batchesPerEpoch = maxSteps * accumulation
        updatesPerEpoch = maxSteps
        totalUpdates = maxSteps
        numEpochs = .max
        isStreamed = true
    }

    public init(
        numSamples: Int, batchSize: Int, accumulation: Int, numProcesses: Int = 1, epochs: Double, maxSteps: Int
    ) {
        self.init(
            numSamples: numSamples,
            batchesPerEpoch: BatchShare(index: 0, count: numProcesses)
                .numBatches(numSamples: numSamples, batchSize: batchSize),
            batchSize: batchSize, accumulation: accumulation, numProcesses: numProcesses, epochs: epochs,
            maxSteps: maxSteps)
    }

    /// The plan of a run whose batches are not the samples one after another.
    public init(
        numSamples: Int, batchesPerEpoch: Int, batchSize: Int, accumulation: Int, numProcesses: Int = 1, epochs: Double,
        maxSteps: Int
    ) {
        self.numSamples = numSamples
        self.batchSize = batchSize
        self.accumulation = accumulation
        self.numProcesses = numProcesses
        self.batchesPerEpoch = batchesPerEpoch
        isStreamed = false
        updatesPerEpoch = max(1, (batchesPerEpoch + accumulation - 1) / accumulation)
        if maxSteps > 0 {
            totalUpdates = maxSteps
            numEpochs = (maxSteps + updatesPerEpoch - 1) / updatesPerEpoch
        } else {
            totalUpdates = Int((epochs * Double(updatesPerEpoch)).rounded(.up))
            numEpochs = Int(epochs.rounded(.up))
        }
    }

    /// Samples of an update, of all processes.
    public var samplesPerUpdate: Int { batchSize * accumulation * numProcesses }

    /// What a run must share with the one whose checkpoint it goes on from.
    var fingerprint: [String: Int] {
        ["samples": numSamples, "batch_size": batchSize, "accumulation": accumulation, "processes": numProcesses]
    }

    /// Updates by the rule of transformers before 4.52 (rounded down), which older notes and logs show.
    public func updatesByFloorRule(epochs: Double) -> Int {
        Int((epochs * Double(max(1, batchesPerEpoch / accumulation))).rounded(.up))
    }
}
