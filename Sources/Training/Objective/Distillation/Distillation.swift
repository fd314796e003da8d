import Basics
import Models
import Torch

/// Stage gkd: the student learns the teacher's distributions, at the places of the data's answers, of answers of its own, or of the
/// teacher's. TRL's GKDTrainer (Agarwal et al. 2024): the loss of a batch is the mean over its answers' tokens.
final class Distillation: Objective {
    /// What the loss is made of.
    struct Settings: Sendable {
        var divergence = GeneralizedDivergence()
        /// Part of the batches whose answers the student writes.
        var onPolicy = 0.5
        /// Whether the teacher writes the answers of the others.
        var teacherWrites = false
        var seed: UInt64 = 42
    }

    private let settings: Settings
    private let teacher: LanguageModel
    /// What writes answers; nil where nobody does.
    private let engine: (any RolloutEngine)?
    private let teacherEngine: (any RolloutEngine)?
    private let packs: RolloutPacks

    init(
        _ settings: Settings, teacher: LanguageModel, engine: (any RolloutEngine)?,
        teacherEngine: (any RolloutEngine)?, packs: RolloutPacks
    ) {
        self.settings = settings
        self.teacher = teacher
        self.engine = engine
        self.teacherEngine = teacherEngine
        self.packs = packs
    }

    /// TRL's `disable_dropout`.
    var usesDropout: Bool { false }

    func experience(of data: StepData, step: Int, model: LanguageModel, options: ForwardOptions) throws -> StepData {
        engine?.weightsChanged()
        var result = data
        var draws = SplitMix64(seed: settings.seed, stream: UInt64(step)), number = UInt64(step) << 20
        for batch in data.prompts {
            let isOnPolicy = settings.onPolicy > 0 && Double.random(in: 0..<1, using: &draws) < settings.onPolicy
            let writer = isOnPolicy ? engine : settings.teacherWrites ? teacherEngine : nil
            let rollouts =
                try writer?.rollouts(of: batch, numSamples: 1, firstNumber: number)
                ?? Self.labels(batch)
            number += UInt64(batch.count)
            result.packs += weighted(rollouts, batch, share: 1 / Double(data.prompts.count))
            result.curves.add("gkd/on_policy", isOnPolicy ? 1 : 0)
            let lengths = rollouts.map { Double($0.tokenIDs.count) }
            result.curves.add("completions/mean_length", lengths.reduce(0, +) / Double(max(1, lengths.count)))
            if writer != nil {
                let numCut = rollouts.count { $0.finish == .length }
                result.curves.add("completions/clipped_ratio", Double(numCut) / Double(max(1, rollouts.count)))
            }
        }
        return result
    }

    /// The divergence at the answers of the data.
    func evaluation(of data: StepData, first: Int, model: LanguageModel, options: ForwardOptions) throws -> StepData {
        var result = data
        for batch in data.prompts {
            result.packs += weighted(Self.labels(batch), batch, share: 1 / Double(data.prompts.count))
        }
        return result
    }

    /// The data's own answers as if somebody had just written them.
    private static func labels(_ prompts: [RolloutPrompt]) -> [Rollout] {
        prompts.enumerated().map { index, prompt in
            Rollout(prompt: index, tokenIDs: prompt.task.labelIDs, logprobs: [], finish: .stop)
        }
    }

    /// Packs whose weights add up to a batch's share.
    private func weighted(_ rollouts: [Rollout], _ prompts: [RolloutPrompt], share: Double) -> [PackData] {
        let numTokens = rollouts.reduce(0) { $0 + $1.tokenIDs.count }
        return packs.packs(rollouts.filter { !$0.tokenIDs.isEmpty }, prompts: prompts).map { pack in
            var pack = pack
            pack.weights = pack.weights.map { _ in Float(share / Double(numTokens)) }
            return pack
        }
    }

    func loss(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> PackLoss {
        let input = pack.input(patchValues: model.config.vision?.patchValues ?? 1), rows = Tensor(pack.labelRows)
        let taught = noGrad { teacher.hiddenStates(input, compute: options.compute).rows(rows) }
        let hidden = model.hiddenStates(input, recompute: options.recompute && isGradEnabled, compute: options.compute)
        return PackLoss(
            settings.divergence.sum(
                student: (hidden.rows(rows), model.outputWeight), teacher: (taught, teacher.outputWeight.detach()),
                weights: pack.weights))
    }
}
