import Foundation
import Testing

@testable import Training

/// The parts of PPO on numbers one can check by hand.
struct PPOFormulaTests {
    @Test func `the derivatives of the clipped losses are those of their values`() {
        let settings = PPOSettings(), step = 1e-6
        func loss(_ logProb: Double, _ value: Double, _ advantage: Double) -> PPOTokenLoss {
            PPOTokenLoss(
                logProb: logProb, oldLogProb: -1, value: value, oldValue: 0.4, advantage: advantage, target: 1.1,
                settings: settings)
        }
        var numClipped = 0
        for logProb in [-1.7, -1.1, -0.95, -0.3] {
            for value in [-0.5, 0.3, 0.55, 0.9, 2.0] {
                for advantage in [-1.3, 0.8] {
                    let found = loss(logProb, value, advantage)
                    let policy =
                        (loss(logProb + step, value, advantage).policy - loss(logProb - step, value, advantage).policy)
                        / (2 * step)
                    let values =
                        (loss(logProb, value + step, advantage).value - loss(logProb, value - step, advantage).value)
                        / (2 * step)
                    #expect(abs(found.policySlope - policy) < 1e-7 && abs(found.valueSlope - values) < 1e-7)
                    numClipped += (found.isPolicyClipped ? 1 : 0) + (found.isValueClipped ? 1 : 0)
                }
            }
        }
        #expect(numClipped > 10)
    }

    @Test func `the divergence's weight follows the divergence, or stays`() {
        var settings = PPOSettings()
        settings.horizon = 100
        var control = PPODivergenceControl(settings)
        control.update(divergence: 30, count: 10)
        #expect(abs(control.weight - 0.2 * 1.02) < 1e-12)
        control.update(divergence: 5.4, count: 10)
        #expect(abs(control.weight - 0.2 * 1.02 * 0.99) < 1e-12)
        settings.adaptsWeight = false
        var fixed = PPODivergenceControl(settings)
        fixed.update(divergence: 30, count: 10)
        #expect(fixed.weight == 0.2)
    }

    @Test func `running moments are those of all scores, and one score alone has the deviation 1`() throws {
        var moments = PPOScoreMoments()
        moments.update([4])
        #expect(moments.mean == 4 && moments.deviation == 1 && moments.normalized(4) == 0)
        moments.update([1, 2])
        moments.update([7.5, -1, 3])
        let all = [4.0, 1, 2, 7.5, -1, 3]
        #expect(abs(moments.mean - PPOExperience.mean(all)) < 1e-12)
        #expect(abs(moments.deviation - PPOExperience.variance(all).squareRoot()) < 1e-12)
        #expect(PPOScoreMoments(moments.state) == moments)
    }

    @Test func `a value head that knows the rewards leaves no advantage, and one token alone teaches nothing`() {
        var settings = PPOSettings()
        settings.lambda = 1
        var experience = PPOExperience([
            .init(score: 2, logProbs: [-1, -2, -0.5], references: [-1.5, -2, -1], values: [1.8, 1.9, 1.9])
        ])
        experience.estimate(settings, weight: 0.2)
        // -0.2 · (0.5, 0, 0.5), and the score at the end.
        for (own, expected) in zip(experience.answers[0].rewards, [-0.1, 0, 1.9]) {
            #expect(abs(own - expected) < 1e-12)
        }
        for value in experience.answers[0].returns { #expect(abs(value - 1.9) < 0.11) }
        var single = PPOExperience([.init(score: 5, logProbs: [-1], references: [-1], values: [0])])
        single.estimate(settings, weight: 0.2)
        #expect(single.answers[0].advantages == [0] && single.answers[0].returns == [5])
    }

    @Test func `the advantages of an answer do not depend on the length of the others when rewards are whitened`() {
        var settings = PPOSettings()
        settings.whitensRewards = true
        let short = PPOExperience.Answer(score: 1, logProbs: [-1, -1], references: [-2, -1], values: [0.1, 0.2])
        let long = PPOExperience.Answer(
            score: -1, logProbs: [-1, -1, -1, -3], references: [-1, -1, -2, -1], values: [0, 0, 0, 0])
        var one = PPOExperience([short, long]), other = PPOExperience([long, short])
        one.estimate(settings, weight: 0.2)
        other.estimate(settings, weight: 0.2)
        for (a, b) in zip(one.answers[0].advantages, other.answers[1].advantages) { #expect(abs(a - b) < 1e-12) }
    }

    @Test func `repetition counts runs of four tokens that came before`() {
        func share(_ ids: [Int32]) -> Double {
            Rollout(prompt: 0, tokenIDs: ids, logprobs: [], finish: .stop).repeatedShare
        }
        #expect(share([1, 2, 3, 4, 5, 6]) == 0 && share([1, 2, 3]) == 0)
        #expect(share(Array(repeating: 7, count: 13)) == 0.9)
    }
}
