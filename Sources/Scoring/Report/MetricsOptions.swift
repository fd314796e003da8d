/// How predictions are measured.
public struct MetricsOptions: Sendable {
    /// Whether `<think>…</think>` belongs to the answer.
    public var keepsThinking = false
    /// The possible answers; nil finds them among the labels.
    public var classes: [String]?
    /// The class that thresholds are about; nil takes the rarer one.
    public var positive: String?
    /// The share of positives that an operating point is wanted for.
    public var targetRecall = 0.95
    /// Token ids of a text, for the token accuracy; nil leaves it out.
    public var tokenize: (@Sendable (String) -> [Int32])?
    /// Cuts texts into the words that ROUGE compares; nil takes characters for Chinese.
    public var segmenter: (any WordSegmenter)?

    public init() {}
}
