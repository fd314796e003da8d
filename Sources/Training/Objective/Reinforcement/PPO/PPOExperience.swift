/// The answers of one PPO step and what is known of their tokens. One entry a token of the answer everywhere; an answer's first
/// entry belongs to the place that predicts its first token.
struct PPOExperience: Sendable, Equatable {
    /// One answer.
    struct Answer: Sendable, Equatable {
        /// The score of the whole answer.
        var score: Double
        /// Log-probabilities under the policy that wrote it and under the reference.
        var logProbs: [Double]
        var references: [Double]
        /// What the value head expected at each place.
        var values: [Double]
        /// Rewards of the tokens: the divergence's, and the score at the last one.
        var rewards: [Double] = []
        var advantages: [Double] = []
        var returns: [Double] = []

        /// The estimate of the divergence from the reference: the sum of log ratios.
        var divergence: Double { zip(logProbs, references).reduce(0) { $0 + $1.0 - $1.1 } }
        /// The mean reward of a token that comes from the divergence is this, summed.
        fileprivate func divergenceReward(_ weight: Double) -> [Double] {
            zip(logProbs, references).map { -weight * ($0 - $1) }
        }
    }

    var answers: [Answer]
    /// The mean over all tokens of the part of the rewards that is not the score.
    private(set) var meanDivergenceReward = 0.0

    init(_ answers: [Answer]) { self.answers = answers }

    var meanDivergence: Double { Self.mean(answers.map(\.divergence)) }
    var numTokens: Int { answers.reduce(0) { $0 + $1.logProbs.count } }

    /// Computes rewards, advantages (generalised advantage estimation, Schulman et al. 2016) and returns.
    ///
    /// TRL's `compute_rewards` and `compute_advantages`, but for one thing: whitened rewards are 0 beyond the end of an answer.
    /// TRL 0.9 lets the padding of shorter answers have rewards then, so that an answer's advantages depend on the longest
    /// answer beside it; TRL's next version masks them.
    mutating func estimate(_ settings: PPOSettings, weight: Double) {
        var sum = 0.0
        for index in answers.indices {
            answers[index].rewards = answers[index].divergenceReward(weight)
            sum += answers[index].rewards.reduce(0, +)
            if let last = answers[index].rewards.indices.last { answers[index].rewards[last] += answers[index].score }
        }
        meanDivergenceReward = sum / Double(max(1, numTokens))
        if settings.whitensRewards { whiten(\.rewards, keepsMean: true) }
        for index in answers.indices {
            let answer = answers[index]
            var advantage = 0.0, advantages = answer.values
            for place in answer.values.indices.reversed() {
                let next = place + 1 < answer.values.count ? answer.values[place + 1] : 0
                let delta = answer.rewards[place] + settings.discount * next - answer.values[place]
                advantage = delta + settings.discount * settings.lambda * advantage
                advantages[place] = advantage
            }
            answers[index].returns = zip(advantages, answer.values).map { $0 + $1 }
            answers[index].advantages = advantages
        }
        whiten(\.advantages, keepsMean: false)
    }

    /// Gives the numbers of all answers' tokens the deviation 1, and the mean 0 or their own. A single number becomes its mean.
    private mutating func whiten(_ path: WritableKeyPath<Answer, [Double]>, keepsMean: Bool) {
        let all = answers.flatMap { $0[keyPath: path] }
        let mean = Self.mean(all), scale = all.count > 1 ? 1 / (Self.variance(all) + 1e-8).squareRoot() : 0
        for index in answers.indices {
            answers[index][keyPath: path] = answers[index][keyPath: path].map {
                ($0 - mean) * scale + (keepsMean ? mean : 0)
            }
        }
    }

    static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

    /// With Bessel's correction; NaN for fewer than two.
    static func variance(_ values: [Double]) -> Double {
        guard values.count > 1 else { return .nan }
        let mean = mean(values)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    }
}
