import Models
import NN
import Testing
import Torch

@testable import Reinforcement
@testable import Training

struct RolloutTests {
    private static func settings(_ fixture: PolicyFixture, temperature: Double = 1) -> RolloutSettings {
        var settings = RolloutSettings(
            stopIDs: fixture.stopIDs, longestPrompt: fixture.prompts.map(\.tokenIDs.count).max() ?? 0)
        settings.maxTokens = 12
        settings.temperature = temperature
        return settings
    }

    /// Log-probabilities of the rollouts by the trainer's pass, in the rollouts' order.
    private static func trainer(_ rollouts: [Rollout], _ fixture: PolicyFixture, packTokens: Int) throws -> [[Float]] {
        var result = rollouts.map { _ in [Float]() }
        for pack in RolloutPacks(fixture.model.config.vision, packTokens: packTokens).packs(rollouts, prompts: fixture.prompts)
        {
            let pass = try scope("trainer") {
                noGrad {
                    AnswerPass(
                        pack, model: fixture.model, options: ForwardOptions(compute: .float32, recompute: false))
                }
            }
            for answer in pack.preference?.answers ?? [] { result[answer.sample] = Array(pass.values[answer.labels]) }
        }
        return result
    }

    @Test(arguments: ["qwen2", "qwen2.5-vl", "llama3"])
    func `the engine's log-probabilities are the trainer's, with an adapter, images, shared and own prompts`(
        _ name: String
    ) throws {
        try TensorThread.cpu.run {
            let fixture = try PolicyFixture(name)
            for (_, layer) in fixture.model.loraLayers { layer.isTraining = true }
            let engine = try PagedRollouts(fixture.model, Self.settings(fixture))
            let rollouts = try engine.rollouts(of: fixture.prompts, numSamples: 3, firstNumber: 0)
            #expect(rollouts.count == fixture.prompts.count * 3)
            #expect(rollouts.map(\.prompt) == fixture.prompts.indices.flatMap { [$0, $0, $0] })
            #expect(Set(rollouts.map(\.tokenIDs)).count > fixture.prompts.count)
            // Dropout was off while the policy spoke and is on again.
            let areTraining = fixture.model.loraLayers.map(\.layer.isTraining)
            #expect(!areTraining.contains(false))
            for (_, layer) in fixture.model.loraLayers { layer.isTraining = false }
            for packTokens in [1, 150, 1 << 20] {
                let values = try Self.trainer(rollouts, fixture, packTokens: packTokens)
                for (rollout, trained) in zip(rollouts, values) {
                    #expect(rollout.logprobs.count == rollout.tokenIDs.count && trained.count == rollout.tokenIDs.count)
                    let difference = zip(rollout.logprobs, trained).map { abs($0 - $1) }.max() ?? 1
                    #expect(difference < 1e-4, "\(rollout)")
                }
            }
        }
    }

    @Test func `numbers decide the draws, and new weights are seen`() throws {
        try TensorThread.cpu.run {
            let fixture = try PolicyFixture("qwen2")
            for (_, layer) in fixture.model.loraLayers { layer.isTraining = false }
            let settings = Self.settings(fixture)
            let first = try PagedRollouts(fixture.model, settings)
            let all = try first.rollouts(of: fixture.prompts, numSamples: 2, firstNumber: 10)
            // Other companions, another engine: the same answers.
            let second = try PagedRollouts(fixture.model, settings)
            let part = try second.rollouts(of: [fixture.prompts[1]], numSamples: 2, firstNumber: 12)
            #expect(part.map(\.tokenIDs) == all[2..<4].map(\.tokenIDs))
            let other = try first.rollouts(of: fixture.prompts, numSamples: 2, firstNumber: 1000)
            #expect(other.map(\.tokenIDs) != all.map(\.tokenIDs))
            noGrad { for (_, layer) in fixture.model.loraLayers { layer.b.value.scale(by: -2) } }
            first.weightsChanged()
            let changed = try first.rollouts(of: fixture.prompts, numSamples: 2, firstNumber: 10)
            let values = try Self.trainer(changed, fixture, packTokens: 1 << 20)
            for (rollout, trained) in zip(changed, values) {
                #expect((zip(rollout.logprobs, trained).map { abs($0 - $1) }.max() ?? 1) < 1e-4)
            }
            #expect(changed.map(\.logprobs) != all.map(\.logprobs))
        }
    }

    @Test func `an answer ends with its stop token, which counts, or at its longest length`() throws {
        try TensorThread.cpu.run {
            let fixture = try PolicyFixture("qwen2")
            var settings = Self.settings(fixture)
            let free = try PagedRollouts(fixture.model, settings)
                .rollouts(of: fixture.prompts, numSamples: 2, firstNumber: 0)
            #expect(free.allSatisfy { $0.finish == .length && $0.tokenIDs.count == 12 })
            #expect(free.allSatisfy { $0.contentIDs.count == 12 })
            // The fourth token of the first answer now ends answers.
            settings.stopIDs = [free[0].tokenIDs[3]]
            let stopped = try PagedRollouts(fixture.model, settings)
                .rollouts(of: fixture.prompts, numSamples: 2, firstNumber: 0)
            let place = try #require(free[0].tokenIDs.firstIndex(of: free[0].tokenIDs[3]))
            #expect(stopped[0].finish == .stop)
            #expect(stopped[0].tokenIDs == Array(free[0].tokenIDs[...place]))
            #expect(stopped[0].contentIDs == free[0].tokenIDs[..<place])
            #expect(stopped[0].logprobs.count == place + 1)
        }
    }
}
