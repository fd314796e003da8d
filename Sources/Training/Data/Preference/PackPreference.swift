import Models

/// What a pack of preference samples holds beside its tokens.
public struct PackPreference: Sendable {
    /// The answers in order; those of a pair stand side by side, the better one first.
    public var answers: [ScoredAnswer] = []
    /// Rows of each answer with its prompt, where prompts are shared.
    public var segments: [[Int]] = []
    /// The same prompts with other samples' answers (KTO); one pack or none.
    public var others: [PackData] = []
}

/// One answer within a pack.
public struct ScoredAnswer: Sendable {
    /// Places of its labels in the pack's `labels`.
    public var labels: Range<Int>
    /// Rows of the prompt and of the answer.
    public var prompt: Range<Int>
    public var rows: Range<Int>
    /// The sample, and the answer's number in it.
    public var sample: Int
    public var number: Int
    /// Whether the answer is the better one, or a good one.
    public var isGood: Bool
    /// The batch of the step that it belongs to, and how many samples that batch has.
    public var batch: Int
    public var batchSize: Int
    public var numBatches: Int
    /// Sum of its tokens' log-probabilities under the reference, where it was computed before.
    public var reference: Double?

    /// What a mean over the samples of a batch and then over the batches of a step gives a sample.
    public var share: Double { 1 / Double(batchSize * numBatches) }
}

extension PackPreference {
    /// How the answers share their prompts; nil where each has its own.
    func sharing(numRows: Int) -> PrefixSharing? {
        segments.isEmpty ? nil : PrefixSharing(segments: segments, numRows: numRows)
    }
}
