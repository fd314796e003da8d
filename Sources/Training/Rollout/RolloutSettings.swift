/// How answers are drawn from the policy. The defaults are TRL's: the whole distribution at temperature 1.
public struct RolloutSettings: Sendable, Equatable {
    public var temperature = 1.0
    /// Share of probability that is drawn from; 1 for all.
    public var topP = 1.0
    /// Number of tokens that are drawn from; 0 for all.
    public var topK = 0
    public var minP = 0.0
    public var repetitionPenalty = 1.0
    /// Longest answer in tokens (`max_completion_length`).
    public var maxTokens = 256
    /// Tokens that end an answer.
    public var stopIDs: Set<Int32>
    /// Answers of one seed differ by their number only, so that a resumed run draws the same ones.
    public var seed: UInt64 = 42
    /// Answers that are written at the same time.
    public var numParallel = 256
    /// Tokens of the longest prompt.
    public var longestPrompt: Int

    public init(stopIDs: Set<Int32>, longestPrompt: Int) {
        self.stopIDs = stopIDs
        self.longestPrompt = longestPrompt
    }
}
