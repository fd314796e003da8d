import Foundation
import Models
import Prompting
import RunConfig
import Torch

extension TrainingRun {
    /// Objective and step of stage ppo.
    func proximal(
        _ model: LanguageModel, _ builder: PromptBuilder, _ plan: ReferencePlan, packTokens: Int
    ) throws -> (any Objective, any PracticeStep) {
        guard let tools else { throw TrainingError("stage ppo needs an inference engine, and this program has none") }
        let objective = PPOObjective(proximalSettings)
        let packs = RolloutPacks(modelConfig.vision, packTokens: packTokens), tokenizer = tokenizer
        let step = PPOStep(
            PPOStep.Parts(
                engine: try tools.engine(model, rolloutSettings(builder.examples)),
                scorer: try scorer(model, builder, tools, packs), reference: try rolloutReference(plan), packs: packs,
                batchSize: config.training.perDeviceTrainBatchSize,
                accumulation: config.training.gradientAccumulationSteps, seed: UInt64(config.training.seed),
                log: config.reinforcement.logCompletions ? CompletionLog(folder: config.training.outputDir) : nil,
                decode: { tokenizer.decode($0, skipSpecialTokens: true) }),
            objective: objective)
        return (objective, step)
    }

    private var proximalSettings: PPOSettings {
        let tuning = config.tuning
        var settings = PPOSettings()
        settings.divergenceWeight = tuning.ppoInitKLCoef
        settings.adaptsWeight = tuning.ppoAdaptiveKL
        settings.target = tuning.ppoTarget
        settings.horizon = tuning.ppoHorizon
        settings.discount = tuning.ppoGamma
        settings.lambda = tuning.ppoLam
        settings.clipRange = tuning.ppoClipRange
        settings.valueClipRange = tuning.ppoCliprangeValue
        settings.valueWeight = tuning.ppoVfCoef
        settings.numEpochs = tuning.ppoEpochs
        settings.whitensRewards = tuning.ppoWhitenRewards
        settings.normalizesScores = tuning.ppoScoreNorm
        return settings
    }

    /// What scores the answers, in a line for the user too.
    private func scorer(
        _ model: LanguageModel, _ builder: PromptBuilder, _ tools: ReinforcementTools, _ packs: RolloutPacks
    ) throws -> any AnswerScoring {
        let tuning = config.tuning, tokenizer = tokenizer
        guard let folder = tuning.rewardModel else {
            let rewards = try tools.rewards(config)
            print("Rewards: \(rewards.map(\.name).joined(separator: ", ")).")
            return PPORuleScoring(rewards, weights: config.reinforcement.rewardWeights) {
                tokenizer.decode($0, skipSpecialTokens: true)
            }
        }
        switch tuning.rewardModelType {
        case .api:
            print("Use reward server \(folder)")
            return try tools.endpoint(config) { tokenizer.decode($0, skipSpecialTokens: false) }
        case .lora:
            let scorer = try PPORewardModel(adapter: folder, policy: model, packs: packs)
            print("Loaded adapter weights of reward model from \(folder)")
            return scorer
        case .full:
            let other = try Tokenizer(folder: folder)
            guard other.encode(Self.probe) == tokenizer.encode(Self.probe) else {
                throw TrainingError(
                    "reward_model \(folder) reads texts as other tokens than the policy: both need the same tokenizer")
            }
            let adapters = (tuning.rewardModelAdapters ?? "").split(separator: ",").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            let scorer = try PPORewardModel(
                folder: folder, adapters: adapters, compute: compute,
                quantization: try config.quantization(bits: tuning.rewardModelQuantizationBit), packs: packs)
            print("Loaded full weights of reward model from \(folder)")
            return scorer
        }
    }

    /// A text that two tokenizers hardly encode alike unless they are the same.
    static let probe = "Anneal: 1,234.5 + (六) — naïve?\n\tdef f(x): return 'ok' 😀"

    /// Updates that the learning rate's schedule is laid out for. LLaMA-Factory's stage ppo rounds up here, though it leaves out
    /// an epoch's last, incomplete step.
    func scheduledSteps(_ plan: StepPlan) -> Int {
        guard config.tuning.stage == .ppo, config.training.maxSteps <= 0, let rollouts = rolloutPlan else {
            return plan.totalUpdates
        }
        let perEpoch = (plan.numSamples + rollouts.numPrompts - 1) / rollouts.numPrompts
        return max(plan.totalUpdates, Int((config.training.numTrainEpochs * Double(perEpoch)).rounded(.up)))
    }
}
