public import Models
import Reporting
import Torch

/// What writes the policy's answers: the one inference engine, which stands on a floor beside this one.
///
/// To be used on the tensor thread, between steps; it shares the policy's weights.
public protocol RolloutEngine {
    /// Writes `numSamples` answers to each prompt: those of the first prompt, those of the second, and so on.
    ///
    /// - Parameters:
    ///   - firstNumber: number of the first answer among all of the run; answers with the same numbers, weights and prompts
    ///     are the same whenever they are drawn.
    ///   - onFinish: hears of every answer that is finished.
    /// - Throws: when a prompt is too long, or an operator fails.
    func rollouts(
        of prompts: [RolloutPrompt], numSamples: Int, firstNumber: UInt64, onFinish: @escaping @Sendable () -> Void
    ) throws -> [Rollout]

    /// To be called when the weights have changed: nothing of what was computed with the old ones is used again.
    func weightsChanged()
}

extension RolloutEngine {
    /// The same with a progress bar.
    public func rollouts(of prompts: [RolloutPrompt], numSamples: Int, firstNumber: UInt64) throws -> [Rollout] {
        let bar = ProgressBar(title: "answers", unit: "answer", total: prompts.count * numSamples, delaySeconds: 2)
        defer { bar.finish() }
        return try scope("writing answers") {
            try rollouts(of: prompts, numSamples: numSamples, firstNumber: firstNumber) { bar.advance() }
        }
    }
}

/// Makes an engine over a policy in memory; to be called on the tensor thread.
public typealias RolloutEngineMaker = @Sendable (LanguageModel, RolloutSettings) throws -> any RolloutEngine
