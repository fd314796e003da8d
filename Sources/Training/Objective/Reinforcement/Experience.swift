/// One answer with what is learned from it.
struct Experience: Sendable, Codable, Equatable {
    /// Its `prompt` is the number of the run's sample.
    var rollout: Rollout
    var advantage: Double
    /// Whether it is learned from: not when it was cut off and that is asked for, or its reward could not be had.
    var isLearned = true
    /// Log-probabilities at the sampling temperature under the policy that wrote it, where later updates need them.
    var old: [Float]?
    /// The same under the reference.
    var reference: [Float]?
}

/// The answers of one batch.
struct ExperienceBatch: Sendable, Codable, Equatable {
    var answers: [Experience]
    /// Tokens of the whole generation it is a part of.
    var generationTokens: Int
    /// Updates that were made when they were written.
    var step: Int
}
