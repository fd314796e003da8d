import Datasets
import Foundation
import Reporting
import Models
import NN
import Testing
import Torch

@testable import Training

/// Steps of PPO against TRL 0.9.6's PPOTrainer with the same answers, scores and order (Tools/fixtures/ppo_golden.py).
struct PPOGoldenTests {
    struct Case: Decodable {
        struct Settings: Decodable {
            let mini_batch_size: Int
            let batch_size: Int
            let ppo_epochs: Int
            let gradient_accumulation_steps: Int?
            let learning_rate: Double
            let max_grad_norm: Double
            let use_score_norm: Bool?
            let whiten_rewards: Bool?
            let target: Double?
            let horizon: Double?
        }
        struct Step: Decodable {
            let queries: [[Int32]]
            let responses: [[Int32]]
            let scores: [Double]
            let orders: [[Int]]
            let norms: [Double]
            let stats: [String: Double]
        }
        let settings: Settings
        let steps: [Step]
        let gradients: [String: [Double]]
        let final: [String: [Double]]
    }

    /// The golden's answers and scores.
    private struct Script: RolloutEngine, AnswerScoring {
        let steps: [Case.Step]

        func rollouts(
            of prompts: [RolloutPrompt], numSamples: Int, firstNumber: UInt64,
            onFinish: @escaping @Sendable () -> Void
        ) -> [Rollout] {
            steps[Int(firstNumber >> 20)].responses.enumerated().map { index, ids in
                Rollout(prompt: index, tokenIDs: ids, logprobs: [], finish: .stop)
            }
        }
        func weightsChanged() {}

        func marks(_ rollouts: [Rollout], prompts: [RolloutPrompt], model: LanguageModel, options: ForwardOptions)
            -> [AnswerMark]
        {
            let step = steps.first { $0.responses == rollouts.map(\.tokenIDs) }
            return (step?.scores ?? []).map { AnswerMark($0) }
        }
    }

    private static func prompts(_ queries: [[Int32]]) -> [RolloutPrompt] {
        queries.enumerated().map { index, ids in
            RolloutPrompt(
                sample: index, tokenIDs: ids, positions: [Array(ids.indices)], nextPosition: ids.count,
                images: MediaData(), videos: MediaData(), task: RolloutTask(messages: []),
                origin: RowOrigin(dataset: "golden", file: "golden.json", row: index))
        }
    }

    @Test(
        arguments: ["plain", "accumulated", "normalized", "whitened", "buffered", "clipped"], [100_000, 12])
    func `a step has the statistics, gradients and weights of TRL's`(_ name: String, _ packTokens: Int) throws {
        let golden = try #require(read([String: Case].self, "\(Place.fixtures)/ppo/golden.json")[name])
        try TensorThread.cpu.run {
            let model = try LanguageModel.load(folder: "\(Place.models)/qwen2", dtype: .float32)
            try model.loadLoRA(folder: "\(Place.fixtures)/adapters/qwen2")
            let head = ValueHead(hiddenSize: model.config.text.hiddenSize, dropout: 0)
            #expect(try head.load(folder: "\(Place.fixtures)/preference/heads/qwen2"))
            model.valueHead = head
            let parameters =
                model.loraLayers.flatMap { path, layer in
                    [("\(path).lora_A", layer.a), ("\(path).lora_B", layer.b)]
                } + [("v_head.summary.weight", head.weight), ("v_head.summary.bias", head.bias)]
            for (_, parameter) in parameters { parameter.makeTrainable() }
            var settings = PPOSettings()
            settings.numEpochs = golden.settings.ppo_epochs
            settings.normalizesScores = golden.settings.use_score_norm ?? false
            settings.whitensRewards = golden.settings.whiten_rewards ?? false
            settings.target = golden.settings.target ?? settings.target
            settings.horizon = golden.settings.horizon ?? settings.horizon
            let objective = PPOObjective(settings), script = Script(steps: golden.steps)
            let step = PPOStep(
                PPOStep.Parts(
                    engine: script, scorer: script, reference: .withoutAdapter,
                    packs: RolloutPacks(model.config.vision, packTokens: packTokens),
                    batchSize: golden.settings.mini_batch_size,
                    accumulation: golden.settings.gradient_accumulation_steps ?? 1, seed: 1, log: nil,
                    decode: { _ in "" }),
                objective: objective)
            step.order = { _, number, pass in golden.steps[number - 1].orders[pass] }
            var adam = AdamW.Settings()
            adam.weightDecay = 0
            let update = UpdateStep(
                model: model, objective: objective,
                optimizer: AdamW(parameters.map { ($0.0, $0.1.value, false) }, settings: adam),
                options: ForwardOptions(compute: .float32, recompute: false),
                maxGradNorm: golden.settings.max_grad_norm)
            for (index, expected) in golden.steps.enumerated() {
                var data = StepData(packs: [])
                data.prompts = [Self.prompts(expected.queries)]
                let outcome = try step.run(
                    data, number: index + 1, update: update, learningRate: golden.settings.learning_rate)
                let found = outcome.curves.record()
                var compared = 0
                for (key, value) in expected.stats {
                    guard let own = found.number(key) else { continue }
                    // A mini-batch of one token has no variance: TRL divides by zero there.
                    guard value.isFinite else { continue }
                    // Shares of clipped tokens are compared as they are: one token more or less would show.
                    #expect(
                        abs(own - value) <= 1e-4 * max(abs(value), 0.1),
                        "\(name) step \(index + 1): \(key) \(own), TRL \(value)")
                    compared += 1
                }
                #expect(compared >= 23)
                #expect(step.norms.count == expected.norms.count)
                for (own, value) in zip(step.norms, expected.norms) {
                    #expect(abs(own - value) <= 1e-4 * max(value, 0.1))
                }
            }
            for (path, expected) in golden.final {
                let name = path.replacingOccurrences(of: "pretrained_model.base_model.model.", with: "")
                    .replacingOccurrences(of: ".default.weight", with: "")
                let parameter = try #require(parameters.first { $0.0 == name }?.1)
                let values: [Float] = parameter.value.detach().array()
                let norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
                #expect(abs(norm - expected[1]) <= 1e-4 * max(expected[1], 0.1), "\(name)")
            }
            #expect(golden.final.count == parameters.count)
        }
    }
}
