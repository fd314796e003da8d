/// Mean and deviation of all scores of a run so far: TRL's RunningMoments.
struct PPOScoreMoments: Sendable, Equatable {
    private(set) var mean = 0.0
    private(set) var variance = 1.0
    private(set) var count = 0.0

    init() {}

    /// As a checkpoint holds them; nil when it does not.
    init?(_ state: [String: Double]) {
        guard let mean = state["score_mean"], let variance = state["score_variance"], let count = state["score_count"]
        else { return nil }
        (self.mean, self.variance, self.count) = (mean, variance, count)
    }

    var state: [String: Double] { ["score_mean": mean, "score_variance": variance, "score_count": count] }

    /// Without Bessel's correction there would be no deviation of one score: it is 1 until there are two.
    var deviation: Double { count > 1 ? (variance * count / (count - 1)).squareRoot() : 1 }

    /// Takes in a batch of scores.
    mutating func update(_ scores: [Double]) {
        guard !scores.isEmpty else { return }
        let size = Double(scores.count)
        let batchMean = scores.reduce(0, +) / size
        let batchSum = scores.reduce(0) { $0 + ($1 - batchMean) * ($1 - batchMean) }
        let delta = batchMean - mean, total = count + size
        let sum = variance * count + delta * delta * count * size / total + batchSum
        mean += delta * size / total
        variance = sum / total
        count = total
    }

    /// A score with the mean taken off, in deviations.
    func normalized(_ score: Double) -> Double { (score - mean) / (deviation + Double(Float.ulpOfOne)) }
}
