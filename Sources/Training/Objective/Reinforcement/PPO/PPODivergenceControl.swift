/// The weight of the divergence from the reference, steered so that answers have the divergence that is aimed at: TRL's
/// AdaptiveKLController (Ziegler et al. 2019, section 2.2) and FixedKLController.
struct PPODivergenceControl: Sendable, Equatable {
    private(set) var weight: Double
    private let target: Double
    private let horizon: Double
    private let adapts: Bool

    init(_ settings: PPOSettings, weight: Double? = nil) {
        self.weight = weight ?? settings.divergenceWeight
        target = settings.target
        horizon = settings.horizon
        adapts = settings.adaptsWeight
    }

    /// Takes note of the mean divergence of `count` answers.
    mutating func update(divergence: Double, count: Int) {
        guard adapts else { return }
        let error = min(max(divergence / target - 1, -0.2), 0.2)
        weight *= 1 + error * Double(count) / horizon
    }
}
