import Foundation
import Reporting

extension PPOStep {
    /// Statistics of a mini-batch that are known before it is learned from, TRL's names.
    func record(_ targets: [PPOTargets.Token], _ curves: inout CurveSums) {
        let returns = targets.map(\.target), values = targets.map(\.value)
        curves.add("ppo/policy/advantages_mean", PPOExperience.mean(targets.map(\.advantage)))
        for (name, numbers) in [("returns", returns), ("val", values)] {
            curves.add("ppo/\(name)/mean", PPOExperience.mean(numbers))
            if numbers.count > 1 { curves.add("ppo/\(name)/var", PPOExperience.variance(numbers)) }
        }
    }

    /// What is known of answers and their scores, whether or not they are learned from.
    func record(
        _ answers: Answers, _ experience: PPOExperience, numSkipped: Int, _ curves: inout CurveSums
    ) {
        let lengths = answers.rollouts.map { Double($0.tokenIDs.count) }
        curves.add("reward", PPOExperience.mean(answers.scores), weight: Double(answers.scores.count))
        curves.addDeviation("reward_std", answers.scores)
        curves.add("objective/kl", experience.meanDivergence)
        curves.add("objective/entropy", -PPOExperience.mean(experience.answers.map { $0.logProbs.reduce(0, +) }))
        curves.add("tokens/responses_len_mean", PPOExperience.mean(lengths))
        curves.addDeviation("tokens/responses_len_std", lengths)
        curves.add("completions/clipped_ratio", PPOExperience.mean(answers.rollouts.map { $0.finish == .stop ? 0 : 1 }))
        curves.add("completions/repetition", PPOExperience.mean(answers.rollouts.map(\.repeatedShare)))
        if numSkipped > 0 { curves.add("completions/skipped", Double(numSkipped)) }
    }

    /// Statistics of a step: `record_step_stats` of TRL, and LLaMA-Factory's loss and reward.
    func finish(
        _ experience: PPOExperience, _ answers: Answers, rewards: [Double], numSkipped: Int,
        _ outcome: inout StepOutcome
    ) {
        var curves = CurveSums()
        let batches = outcome.curves.record()
        outcome.loss = batches.number("ppo/loss/total") ?? .nan
        record(answers, experience, numSkipped: numSkipped, &curves)
        curves.add("objective/kl_coef", divergenceWeight)
        curves.add("ppo/mean_non_score_reward", experience.meanDivergenceReward)
        curves.add("ppo/mean_scores", PPOExperience.mean(rewards))
        curves.addDeviation("ppo/std_scores", rewards)
        let queries = answers.rollouts.map { Double(answers.prompts[$0.prompt].tokenIDs.count) }
        curves.add("tokens/queries_len_mean", PPOExperience.mean(queries))
        curves.addDeviation("tokens/queries_len_std", queries)
        if let error = batches.number("ppo/val/error"), let variance = batches.number("ppo/returns/var"), variance > 0 {
            curves.add("ppo/val/var_explained", 1 - error / variance)
        }
        curves.add(outcome.curves)
        outcome.curves = curves
    }
}

extension CurveSums {
    /// The sample standard deviation, where there is one.
    fileprivate mutating func addDeviation(_ name: String, _ numbers: [Double]) {
        if numbers.count > 1 { add(name, PPOExperience.variance(numbers).squareRoot()) }
    }
}
