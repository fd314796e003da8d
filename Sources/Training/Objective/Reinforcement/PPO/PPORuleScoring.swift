import Models

/// Scores by the rewards of `reward_funcs`, instead of a reward model: their weighted sum.
final class PPORuleScoring: AnswerScoring {
    private let rewards: [any Reward]
    private let weights: [Double]
    private let decode: ([Int32]) -> String

    /// - Parameter decode: tokens as text without special tokens.
    init(_ rewards: [any Reward], weights: [Double]?, decode: @escaping ([Int32]) -> String) {
        self.rewards = rewards
        self.weights = weights ?? rewards.map { _ in 1 }
        self.decode = decode
    }

    func marks(
        _ rollouts: [Rollout], prompts: [RolloutPrompt], model: LanguageModel, options: ForwardOptions
    ) throws -> [AnswerMark] {
        let answers = rollouts.map { rollout in
            let prompt = prompts[rollout.prompt]
            return JudgedAnswer(
                task: prompt.task, text: decode(Array(rollout.contentIDs)), numTokens: rollout.tokenIDs.count,
                isComplete: rollout.finish == .stop, origin: prompt.origin)
        }
        let table = try RewardTable(answers, rewards: rewards, weights: weights)
        return answers.indices.map { index in
            table.total(index).map { AnswerMark($0) }
                ?? AnswerMark(problem: table.failures[index].map { "\($0.name): \($0.reason)" } ?? "no reward")
        }
    }
}
