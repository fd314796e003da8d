import Datasets
import Foundation
import JSON
import Models
import NN
import Prompting
import Reporting
import RunConfig
import Torch

@testable import Training

/// What grpo_traces.py recorded of a run of TRL's GRPOTrainer.
struct TraceFile: Decodable {
    struct Settings: Decodable {
        let num_generations: Int
        let per_device_train_batch_size: Int
        let gradient_accumulation_steps: Int
        let num_iterations: Int
        let beta: Double
        let epsilon: Double
        let epsilon_high: Double?
        let delta: Double?
        let loss_type: String
        let scale_rewards: String
        let temperature: Double
        let importance_sampling_level: String
        let top_entropy_quantile: Double
        let mask_truncated_completions: Bool
        let learning_rate: Double
    }
    struct Generation: Decodable {
        let prompts: [[Int32]]
        let completions: [[Int32]]
        let rewards: [[Double?]]
    }
    let settings: Settings
    let longest: Int
    let eos: Int32
    let weights: [Double]
    let generations: [Generation]
    let history: [[String: Double]]

    init(_ name: String) throws {
        self = try JSONDecoder().decode(
            TraceFile.self, from: Data(contentsOf: URL(fileURLWithPath: "\(Place.fixtures)/grpo/\(name).json")))
    }

    /// The prompts of the run, one a group, as samples.
    var examples: [TrainingExample] {
        generations.flatMap { generation in
            stride(from: 0, to: generation.prompts.count, by: settings.num_generations).map { index in
                var example = TrainingExample(
                    inputIDs: generation.prompts[index], labels: generation.prompts[index].map { _ in -100 },
                    images: [], videos: [], origin: .init(dataset: "trace", file: "trace", row: index + 1))
                example.task = RolloutTask(messages: [Message(.user, "question")])
                return example
            }
        }
    }

    var objectiveSettings: GroupRelativeOptimization.Settings {
        let plan = RolloutPlan(
            numPrompts: (generations.first?.prompts.count ?? 0) / settings.num_generations,
            groupSize: settings.num_generations, numSlices: settings.gradient_accumulation_steps,
            numIterations: settings.num_iterations, accumulation: settings.gradient_accumulation_steps)
        var rollout = RolloutSettings(stopIDs: [eos], longestPrompt: 16)
        rollout.maxTokens = longest
        rollout.temperature = settings.temperature
        var result = GroupRelativeOptimization.Settings(
            plan: plan, rollout: rollout,
            advantages: Advantages(
                .grpo, scale: RewardScale(rawValue: settings.scale_rewards) ?? .group,
                groupSize: settings.num_generations))
        result.loss.type = PolicyLossType(rawValue: settings.loss_type) ?? .grpo
        result.loss.level = ImportanceLevel(rawValue: settings.importance_sampling_level) ?? .token
        result.loss.epsilonLow = settings.epsilon
        result.loss.epsilonHigh = settings.epsilon_high ?? settings.epsilon
        result.loss.delta = settings.delta
        result.beta = settings.beta
        result.loss.beta = settings.beta
        result.leavesOutTruncated = settings.mask_truncated_completions
        result.topEntropyQuantile = settings.top_entropy_quantile
        result.rewardWeights = weights
        return result
    }
}

/// An engine that gives the recorded answers, generation by generation.
final class ScriptedEngine: RolloutEngine {
    private let trace: TraceFile
    private var next = 0

    init(_ trace: TraceFile) { self.trace = trace }

    func weightsChanged() {}

    func rollouts(
        of prompts: [RolloutPrompt], numSamples: Int, firstNumber: UInt64, onFinish: @escaping @Sendable () -> Void
    ) throws -> [Rollout] {
        let generation = trace.generations[next]
        next += 1
        return generation.completions.enumerated().map { index, ids in
            Rollout(
                prompt: index / numSamples, tokenIDs: ids, logprobs: ids.map { _ in 0 },
                finish: ids.last == trace.eos ? .stop : .length)
        }
    }
}

/// A reward that gives the recorded values. `@unchecked`: used on the tensor thread only.
final class ScriptedReward: Reward, @unchecked Sendable {
    let name: String
    private let values: [[Double?]]
    private var next = 0

    init(_ name: String, _ values: [[Double?]]) {
        self.name = name
        self.values = values
    }

    func verdicts(on answers: [JudgedAnswer]) -> [RewardVerdict] {
        next += 1
        return values[next - 1].map { $0.map { .score($0) } ?? .notApplicable }
    }
}

/// What a run logs of each update.
func replay(_ trace: TraceFile) throws -> [[String: Double]] {
    try TensorThread.cpu.run {
        let model = try LanguageModel.load(folder: "\(Place.models)/qwen2", dtype: .float32)
        try model.loadLoRA(folder: "\(Place.training)/adapters/qwen2")
        for (_, layer) in model.loraLayers {
            layer.isTraining = false
            layer.a.makeTrainable()
            layer.b.makeTrainable()
        }
        var adam = AdamW.Settings()
        adam.weightDecay = 0
        let optimizer = AdamW(
            model.parameters().filter(\.parameter.isTrainable).map { ($0.0, $0.1.value, true) }, settings: adam)
        let builder = PromptBuilder(examples: trace.examples, vision: nil, media: nil)
        let objective = GroupRelativeOptimization(
            trace.objectiveSettings,
            rewards: ["first_reward", "second_reward"].enumerated().map { column, name in
                ScriptedReward(name, trace.generations.map { $0.rewards.map { $0[column] } })
            }, engine: ScriptedEngine(trace), reference: trace.settings.beta > 0 ? .withoutAdapter : .none,
            builder: builder, decode: { "\($0)" }, log: nil)
        let options = ForwardOptions(compute: .float32, recompute: false)
        let perGeneration = trace.objectiveSettings.plan.numPrompts
        var history: [[String: Double]] = [], numGenerations = 0
        for step in 0..<trace.history.count {
            // A generation begins whenever the last one is used up.
            var prompts: [[RolloutPrompt]] = []
            if objective.queue.isEmpty {
                let first = numGenerations * perGeneration
                prompts = try builder.build([Array(first..<first + perGeneration)]).prompts
                numGenerations += 1
            }
            var data = StepData(packs: [])
            data.prompts = prompts
            let experience = try objective.experience(of: data, step: step, model: model, options: options)
            var loss = 0.0, curves = experience.curves
            try scope("step") {
                for pack in experience.packs {
                    let result = objective.loss(of: pack, model: model, options: options)
                    result.backward()
                    loss += result.value
                    curves.add(result.curves)
                }
            }
            let norm = try scope("norm") { optimizer.gradientNorm() }
            try scope("update") {
                optimizer.update(
                    learningRate: trace.settings.learning_rate, gradientScale: min(1, 1 / (norm + 1e-6)))
            }
            var record: [String: Double] = ["loss": loss, "grad_norm": norm]
            for entry in curves.record().entries { record[entry.key] = curves.record().number(entry.key) }
            history.append(record)
        }
        return history
    }
}
