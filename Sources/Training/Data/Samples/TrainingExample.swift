public import Datasets
public import Media

/// One sample ready to be trained on: token ids, labels and where its media lie. Pixels are decoded when it is its turn.
public struct TrainingExample: Sendable {
    public var inputIDs: [Int32]
    /// -100 where nothing is learned.
    public var labels: [Int32]
    /// What each label weighs in the loss; empty when all weigh the same.
    public var weights: [Float] = []
    /// The media that are in `inputIDs`, in order.
    public var images: [MediaSource]
    public var videos: [MediaSource]
    public var origin: RowOrigin
    /// Where the answers lie, of a sample with two answers or a verdict.
    public var preference: PreferenceLayout?
    /// What an answer of the policy's own is judged by, of a sample that is a prompt only.
    public var task: RolloutTask?

    /// Labels that a token before them predicts.
    public var numTargets: Int { labels.dropFirst().count { $0 != -100 } }
    /// All labels (transformers counts these as the divisor of text models, before the shift).
    public var numLabels: Int { labels.count { $0 != -100 } }
}

/// Samples of a run and what became of the rows.
public struct TrainingData: Sendable {
    public var train: any SampleSource
    public var evaluations: [(name: String?, examples: any SampleSource)]
    public var report: DataReport
    public var evaluationReport: DataReport
    /// What the user should know about the preparation: cache, packing.
    public var notes: [String] = []
    /// The rows that are being encoded while the run goes on.
    var pending: [EncodedRows] = []
}
