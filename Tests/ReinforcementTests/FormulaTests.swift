import Datasets
import Foundation
import RunConfig
import Testing

@testable import Reinforcement
@testable import Training

struct FormulaTests {
    private struct Case: Decodable {
        let estimator: String
        let scale: String
        let size: Int
        let weights: [Double]
        let rewards: [[Double?]]
        let advantages: [Double]
    }

    private static func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: "\(Place.fixtures)/\(name)")))
    }

    @Test func `advantages are ms-swift's for every estimator and scale`() throws {
        let cases = try Self.read([Case].self, "advantages.json")
        #expect(cases.count == 20)
        for item in cases {
            let table = RewardTable(
                names: ["a", "b"], weights: item.weights, values: item.rewards.map { $0.map { $0 ?? .nan } })
            let advantages = Advantages(
                try #require(AdvantageEstimator(rawValue: item.estimator)),
                scale: try #require(RewardScale(rawValue: item.scale)), groupSize: item.size)
            let own =
                item.scale == "gdpo"
                ? advantages.decoupled(table) : advantages(item.rewards.indices.map(table.total))
            let difference = zip(own, item.advantages).map { abs($0 - $1) }.max() ?? 1
            #expect(difference < 1e-9, "\(item.estimator) \(item.scale) \(item.size)")
        }
    }

    @Test func `an answer whose reward failed changes no other answer's advantage`() {
        let advantages = Advantages(groupSize: 3)
        let own = advantages([1, nil, 0, 0, 1, 0])
        #expect(own[1] == 0)
        #expect(abs(own[0] - 0.5 / (0.5.squareRoot() + 1e-4)) < 1e-12 && own[2] == -own[0])
    }

    @Test func `derivatives of the loss are those of its value, for every type and level`() {
        let policy: [Float] = [-1.1, -0.4, -2.5], old: [Float] = [-1.3, -0.3, -2.2], reference: [Float] = [-1, -1, -2]
        for type in PolicyLossType.allCases where type != .cispo {
            for level in ImportanceLevel.allCases where level != .sequenceToken {
                for advantage in [0.7, -0.7] {
                    var loss = PolicyLoss(type: type, level: level, epsilonLow: 0.15, epsilonHigh: 0.18, beta: 0.3)
                    loss.delta = 1.4
                    func value(_ policy: [Float]) -> Double {
                        loss(policy, old: old, reference: reference, advantage: advantage).loss
                    }
                    let slopes = loss(policy, old: old, reference: reference, advantage: advantage).slopes
                    for token in policy.indices {
                        let step: Float = 1.0 / 1024
                        var up = policy, down = policy
                        up[token] += step
                        down[token] -= step
                        let slope = (value(up) - value(down)) / (2 * Double(step))
                        #expect(abs(slope - slopes[token]) < 1e-4, "\(type) \(level) \(advantage) \(token)")
                    }
                }
            }
        }
        // CISPO: the gradient of the log-probability, weighted by a bounded ratio that has none itself.
        let cispo = PolicyLoss(type: .cispo, epsilonHigh: 1.1)
        let result = cispo(policy, old: old, reference: nil, advantage: 2)
        #expect(abs(result.slopes[0] + 2 * 1.1) < 1e-6 && abs(result.slopes[2] + 2 * exp(-0.3)) < 1e-6)
    }

    @Test func `generations, slices and passes follow each other as in TRL`() throws {
        func updates(_ plan: RolloutPlan, _ samples: Int, _ count: Int) throws -> [[[Int]]] {
            var loader = try RolloutLoader(
                order: .init(count: samples, seed: 1, isShuffled: false), plan: plan, cursor: .init())
            return (0..<count).map { _ in loader.next().batches }
        }
        // One generation an update; a rest of prompts fills none.
        let plain = RolloutPlan(numPrompts: 2, groupSize: 4, numSlices: 2, numIterations: 1, accumulation: 2)
        #expect(try updates(plain, 5, 3) == [[[0, 1]], [[2, 3]], [[0, 1]]])
        #expect(!plain.needsOldPolicy)
        // One generation for two updates, and each gone through twice.
        let reused = RolloutPlan(numPrompts: 2, groupSize: 4, numSlices: 2, numIterations: 2, accumulation: 2)
        #expect(try updates(reused, 4, 4) == [[[0, 1]], [], [[2, 3]], []])
        #expect(reused.needsOldPolicy)
        // Two generations an update.
        let small = RolloutPlan(numPrompts: 1, groupSize: 4, numSlices: 1, numIterations: 1, accumulation: 2)
        #expect(try updates(small, 3, 3) == [[[0], [1]], [[2]], [[0], [1]]])
        #expect(throws: (any Error).self) { try updates(plain, 1, 1) }
    }
}
