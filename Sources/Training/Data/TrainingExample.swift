public import Datasets
public import Media

/// One sample ready to be trained on: token ids, labels and where its media lie. Pixels are decoded when it is its turn.
public struct TrainingExample: Sendable {
    public var inputIDs: [Int32]
    /// -100 where nothing is learned.
    public var labels: [Int32]
    /// The media that are in `inputIDs`, in order.
    public var images: [MediaSource]
    public var videos: [MediaSource]
    public var origin: RowOrigin

    /// Labels that a token before them predicts.
    public var numTargets: Int { labels.dropFirst().count { $0 != -100 } }
    /// All labels (transformers counts these as the divisor of text models, before the shift).
    public var numLabels: Int { labels.count { $0 != -100 } }
}

/// Examples of a run and what became of the rows.
public struct TrainingData: Sendable {
    public var train: [TrainingExample]
    public var evaluations: [(name: String?, examples: [TrainingExample])]
    public var report: DataReport
    public var evaluationReport: DataReport
}
