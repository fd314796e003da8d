import Foundation
import Models
import NN
import Prompting
import RunConfig
import Torch

extension TrainingRun {
    /// The objective of a stage whose answers the policy writes.
    func reinforcement(
        _ model: LanguageModel, _ builder: PromptBuilder, _ plan: ReferencePlan, packTokens: Int
    ) throws -> any Objective {
        guard let tools else {
            throw TrainingError(
                "stage \(config.tuning.stage.rawValue) needs an inference engine, and this program has none")
        }
        let own = config.reinforcement, rewards = try tools.rewards(config)
        var settings = GroupRelativeOptimization.Settings(
            plan: RolloutPlan(config), rollout: rolloutSettings(builder.examples),
            advantages: Advantages(
                own.advantageEstimator, scale: own.effectiveScale, groupSize: own.numGenerations))
        settings.evaluationGroupSize = own.effectiveNumGenerationsEval
        settings.loss.type = own.lossType
        settings.loss.level = own.importanceSamplingLevel
        settings.loss.epsilonLow = own.epsilon
        settings.loss.epsilonHigh = own.epsilonHigh ?? own.epsilon
        settings.loss.delta = own.delta
        settings.takesDivergenceOffReward = own.effectiveKLInReward && own.effectiveScale != .gdpo
        settings.beta = own.effectiveBeta
        settings.loss.beta = settings.takesDivergenceOffReward ? 0 : own.effectiveBeta
        settings.leavesOutTruncated = own.leavesOutTruncated
        settings.topEntropyQuantile = own.topEntropyQuantile
        settings.maxResamples = own.dynamicSample ? own.maxResampleTimes : 0
        settings.rewardWeights = own.rewardWeights ?? rewards.map { _ in 1 }
        settings.packTokens = packTokens
        settings.seed = UInt64(config.training.seed)
        let tokenizer = tokenizer
        return GroupRelativeOptimization(
            settings, rewards: rewards, engine: try tools.engine(model, settings.rollout),
            reference: try rolloutReference(plan), builder: builder,
            decode: { tokenizer.decode($0, skipSpecialTokens: true) },
            log: own.logCompletions ? CompletionLog(folder: config.training.outputDir) : nil)
    }

    /// How prompts become steps, where the policy writes all answers that are learned from.
    var rolloutPlan: RolloutPlan? { [.grpo, .ppo].contains(config.tuning.stage) ? RolloutPlan(config) : nil }

    /// Tokens that an answer of the policy may have.
    var longestAnswer: Int {
        let own = config.reinforcement, generation = config.generation
        guard config.tuning.stage == .ppo, !own.isGiven(\.maxCompletionLength) else { return own.maxCompletionLength }
        return generation.effectiveMaxNewTokens ?? generation.maxLength
    }

    /// How answers are drawn: LLaMA-Factory's defaults for ppo, ms-swift's for the others, where the configuration does not say.
    func rolloutSettings(_ examples: any SampleSource) -> RolloutSettings {
        let generation = config.generation, own = config.reinforcement
        var settings = RolloutSettings(
            stopIDs: Set(template.stopIDs(tokenizer: tokenizer)).union(
                (modelConfig.eosTokenIDs + ModelConfig.generationStops(folder: modelFolder)).map { Int32(clamping: $0) }
            ),
            longestPrompt: examples.tokenCounts().longest)
        let isPPO = config.tuning.stage == .ppo
        settings.temperature = isPPO || generation.isGiven(\.temperature) ? generation.temperature : 0.9
        settings.topP = isPPO || generation.isGiven(\.topP) ? generation.topP : 1
        settings.topK = isPPO || generation.isGiven(\.topK) ? max(0, generation.topK) : 0
        settings.minP = own.minP
        settings.repetitionPenalty = generation.repetitionPenalty
        settings.maxTokens = longestAnswer
        settings.seed = UInt64(config.training.seed)
        settings.numParallel = min(256, config.generationSize)
        return settings
    }

    /// The reference as a model, for answers that nobody knows beforehand.
    func rolloutReference(_ plan: ReferencePlan) throws -> RolloutReference {
        switch plan.source {
        case .none: return .none
        case .withoutAdapter: return .withoutAdapter
        case .start: return .model(try referenceModel(modelFolder, []))
        case .other(let folder, let adapters): return .model(try referenceModel(folder, adapters))
        }
    }

    /// A model with adapters merged into it, or beside its codes, that reads the tokens of the trained one.
    func referenceModel(_ folder: String, _ adapters: [String]) throws -> LanguageModel {
        let quantization = try config.quantization(bits: config.tuning.refModelQuantizationBit)
        let model = try scope("loading the reference \(folder)") {
            try LanguageModel.load(folder: folder, dtype: compute, quantization: quantization)
        }
        for adapter in adapters {
            try model.loadLoRA(folder: adapter)
            try scope("merging \(adapter)") { model.mergeLoRA() }
        }
        guard model.config.text.vocabularySize == modelConfig.text.vocabularySize else {
            throw TrainingError(
                "ref_model \(folder) has a vocabulary of \(model.config.text.vocabularySize), the trained model one of \(modelConfig.text.vocabularySize): a reference must read the same tokens"
            )
        }
        return model
    }
}
