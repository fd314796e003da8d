public import Models

/// The score of an answer, or why it has none: such an answer is left out of its step and counted, never taken for a zero.
public struct AnswerMark: Sendable, Equatable {
    public var score: Double?
    public var problem: String?

    /// A score; one that is no finite number is a problem.
    public init(_ score: Double) {
        if score.isFinite { self.score = score } else { problem = "the score \(score) is no number" }
    }

    public init(problem: String) { self.problem = problem }
}

/// What scores the answers of stage ppo (`reward_model_type`).
public protocol AnswerScoring {
    /// A mark an answer, in order. To be called on the tensor thread.
    ///
    /// - Parameters:
    ///   - prompts: those that `Rollout.prompt` counts in.
    ///   - model: the policy.
    /// - Throws: when nothing can be scored at all.
    func marks(_ rollouts: [Rollout], prompts: [RolloutPrompt], model: LanguageModel, options: ForwardOptions) throws
        -> [AnswerMark]
}
