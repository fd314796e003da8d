/// The constants of proximal policy optimisation, with the defaults of TRL 0.9's PPOConfig, which LLaMA-Factory leaves as they are.
struct PPOSettings: Sendable, Equatable {
    /// Weight of the divergence from the reference in a token's reward; where it is adapted, the weight at the start.
    var divergenceWeight = 0.2
    /// Whether the weight follows the divergence.
    var adaptsWeight = true
    /// The divergence of an answer, in nats, that the weight is steered to (`ppo_target`).
    var target = 6.0
    /// Answers over which the weight is steered.
    var horizon = 10_000.0
    /// Discount of later rewards, and the λ of the advantage estimate.
    var discount = 1.0
    var lambda = 0.95
    /// How far the ratio of probabilities may go from 1, and a value from its old one, before they are clipped.
    var clipRange = 0.2
    var valueClipRange = 0.2
    /// Weight of the values' loss.
    var valueWeight = 0.1
    /// A mini-batch whose mean ratio is larger teaches nothing: its losses are 0.
    var ratioLimit = 10.0
    /// Passes over a step's answers (`ppo_epochs`).
    var numEpochs = 4
    /// Whether rewards are divided by their deviation, their mean kept (`ppo_whiten_rewards`).
    var whitensRewards = false
    /// Whether scores are made to have mean 0 and deviation 1 over the run (`ppo_score_norm`).
    var normalizesScores = false
}
