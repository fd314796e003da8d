/// What PPO knew of the tokens of a pack before it learns from them: one entry a label, in the order of the labels.
struct PPOTargets: Sendable, Equatable {
    /// One token of an answer.
    struct Token: Sendable, Equatable {
        /// Its log-probability under the policy that wrote it.
        var logProb: Double
        /// What the value head expected at its place.
        var value: Double
        /// How much better than expected the rest of the answer was, whitened.
        var advantage: Double
        /// The rewards from here on, as estimated.
        var target: Double
    }

    var tokens: [Token] = []
    /// Tokens of the mini-batch that the pack belongs to: it may be computed in several packs.
    var batchTokens = 1
}

extension PPOExperience.Answer {
    /// The answer's tokens as they are learned from.
    var targets: [PPOTargets.Token] {
        logProbs.indices.map {
            PPOTargets.Token(logProb: logProbs[$0], value: values[$0], advantage: advantages[$0], target: returns[$0])
        }
    }
}
