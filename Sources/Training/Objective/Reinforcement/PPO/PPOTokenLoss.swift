import Foundation

/// The clipped losses of one token with their derivatives: TRL 0.9's PPOTrainer.loss (Schulman et al. 2017, equations 7 and 9).
struct PPOTokenLoss: Sendable, Equatable {
    /// The policy's loss, and its derivative with respect to the token's log-probability.
    var policy: Double
    var policySlope: Double
    /// Half the squared distance of the value, the larger of clipped and not, and its derivative with respect to the value.
    var value: Double
    var valueSlope: Double
    /// The new probability over the old one.
    var ratio: Double
    var isPolicyClipped: Bool
    var isValueClipped: Bool

    init(
        logProb: Double, oldLogProb: Double, value newValue: Double, oldValue: Double, advantage: Double,
        target: Double,
        settings: PPOSettings
    ) {
        ratio = exp(logProb - oldLogProb)
        let free = -advantage * ratio
        let clipped = -advantage * min(max(ratio, 1 - settings.clipRange), 1 + settings.clipRange)
        isPolicyClipped = clipped > free
        policy = max(free, clipped)
        policySlope = isPolicyClipped ? 0 : free
        let range = settings.valueClipRange
        let near = min(max(newValue, oldValue - range), oldValue + range)
        let distance = newValue - target, nearDistance = near - target
        isValueClipped = nearDistance * nearDistance > distance * distance
        value = 0.5 * max(distance * distance, nearDistance * nearDistance)
        valueSlope = isValueClipped ? 0 : distance
    }
}
