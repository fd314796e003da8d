import Foundation
import RunConfig

/// The clipped loss of one answer's tokens and its derivatives: TRL 0.24's `GRPOTrainer._compute_loss`, with ms-swift's
/// sequence_token ratios and CISPO.
struct PolicyLoss: Sendable {
    var type = PolicyLossType.grpo
    var level = ImportanceLevel.token
    /// How far below and above 1 a ratio counts.
    var epsilonLow = 0.2
    var epsilonHigh = 0.2
    /// Largest ratio in the unclipped term.
    var delta: Double?
    /// Weight of the divergence within the loss.
    var beta = 0.0

    /// What one answer gives.
    struct Outcome: Sendable, Equatable {
        /// Sum of the tokens' losses, unweighted.
        var loss = 0.0
        /// Derivative of that sum with respect to each token's log-probability.
        var slopes: [Double]
        /// Sums over tokens.
        var divergence = 0.0
        /// Shares of ratios below and above the limits that count, in tokens (or 1 for a ratio of the whole answer).
        var numLow = 0.0
        var numHigh = 0.0
        /// Ratios that there are.
        var numRatios = 0.0
    }

    /// - Parameters:
    ///   - policy: log-probabilities of the answer's tokens.
    ///   - old: those of the policy that wrote it; nil when that is the same policy.
    ///   - reference: those of the reference, where `beta` is above 0.
    ///   - kept: tokens that are learned from; nil for all.
    func callAsFunction(
        _ policy: some Collection<Float>, old: [Float]?, reference: [Float]?, advantage: Double, kept: [Bool]? = nil
    ) -> Outcome {
        let policy = policy.map(Double.init), count = policy.count
        var result = Outcome(slopes: [Double](repeating: 0, count: count))
        let logRatios = policy.indices.map { old == nil ? 0 : policy[$0] - Double(old?[$0] ?? 0) }
        let mean = logRatios.reduce(0, +) / Double(max(1, count))
        // Of a ratio that belongs to the whole answer all tokens have a part.
        var sharedSlope = 0.0
        for token in policy.indices {
            let ratio = exp(level == .token ? logRatios[token] : mean)
            let (loss, slope) = term(ratio, policy[token], advantage)
            // A ratio that `delta` bounds below the limit is not clipped there.
            let isLow = ratio < 1 - epsilonLow && advantage < 0
            let isHigh = min(ratio, delta ?? ratio) > 1 + epsilonHigh && advantage > 0
            if level != .sequence || token == 0 {
                result.numRatios += 1
                result.numLow += isLow ? 1 : 0
                result.numHigh += isHigh ? 1 : 0
            }
            if kept?[token] ?? true {
                result.loss += loss
                if level == .sequence, type != .cispo {
                    sharedSlope += slope
                } else {
                    result.slopes[token] += slope
                }
            }
            if let reference {
                let divergence = Divergence.k3(policy: policy[token], reference: Double(reference[token]))
                result.divergence += divergence.value
                result.loss += beta * divergence.value
                result.slopes[token] += beta * divergence.slope
            }
        }
        if sharedSlope != 0 { for token in policy.indices { result.slopes[token] += sharedSlope / Double(count) } }
        return result
    }

    /// A token's loss and its derivative with respect to the ratio's logarithm (CISPO: to the log-probability).
    private func term(_ ratio: Double, _ policy: Double, _ advantage: Double) -> (loss: Double, slope: Double) {
        if type == .cispo {
            let weight = min(ratio, epsilonHigh)
            return (-weight * advantage * policy, -weight * advantage)
        }
        let clipped = min(max(ratio, 1 - epsilonLow), 1 + epsilonHigh)
        let bounded = delta.map { min(ratio, $0) } ?? ratio
        let isWithin = clipped == ratio, isBelow = bounded == ratio
        let (first, second) = (bounded * advantage, clipped * advantage)
        if first < second { return (-first, isBelow ? -ratio * advantage : 0) }
        if second < first { return (-second, isWithin ? -ratio * advantage : 0) }
        // Equal: PyTorch's min gives each half of the derivative.
        return (-first, -ratio * advantage * ((isBelow ? 0.5 : 0) + (isWithin ? 0.5 : 0)))
    }
}
