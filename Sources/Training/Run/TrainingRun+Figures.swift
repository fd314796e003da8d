import Reporting
import RunConfig

extension TrainingRun {
    /// What `plot_loss` draws beside the loss: LLaMA-Factory's figures of the stage (the first of each line), and every other
    /// curve by which a run of it is judged.
    var figuresOfStage: [TrainingFigures.Figure] {
        let own = config.reinforcement
        return switch config.tuning.stage {
        case .dpo:
            [.init("rewards/accuracies")] + Self.sides
                + (config.tuning.prefLoss == .orpo ? [.init("orpo", of: ["sft_loss", "odds_ratio_loss"])] : [])
        case .kto: [.init("rewards/chosen")] + Self.sides + [.init("kl")]
        case .rm:
            (config.training.evalStrategy == .no ? ["accuracy"] : ["accuracy", "eval_accuracy"]).map { .init($0) }
                + [Self.rewards]
        case .grpo:
            [
                "reward", "reward_std", "frac_reward_zero_std", "completions/mean_length", "completions/clipped_ratio",
                "completions/repetition", "entropy", "clip_ratio/region_mean",
            ].map { .init($0) } + own.rewardFuncs.map { .init("rewards/\($0)/mean") }
                + (own.effectiveBeta > 0 ? [.init("kl")] : [])
        case .ppo:
            [
                "reward", "objective/kl", "objective/kl_coef", "objective/entropy", "tokens/responses_len_mean",
                "completions/clipped_ratio", "completions/repetition", "ppo/policy/clipfrac", "ppo/val/var_explained",
            ].map { .init($0) } + [.init("ppo/loss", of: ["ppo/loss/policy", "ppo/loss/value"])]
        case .gkd: [.init("completions/mean_length")]
        case .pt, .sft: []
        }
    }

    private static let rewards = TrainingFigures.Figure(
        "rewards", of: ["rewards/chosen", "rewards/rejected", "rewards/margins"])

    /// Good answers beside bad ones.
    private static let sides = [
        rewards, .init("logps", of: ["logps/chosen", "logps/rejected"]),
        .init("logits", of: ["logits/chosen", "logits/rejected"]),
        .init("logits_answer", of: ["logits/chosen_answer", "logits/rejected_answer"]),
    ]
}
