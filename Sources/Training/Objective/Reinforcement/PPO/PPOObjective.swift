import Foundation
public import Models
import Torch

/// Stage ppo: the clipped policy loss and the clipped value loss over the tokens of answers that the policy wrote. The loss of a
/// mini-batch is the mean over its tokens; statistics have the names of TRL's PPOTrainer.
public final class PPOObjective: Objective {
    let settings: PPOSettings
    /// What outlives a step.
    var control: PPODivergenceControl
    var moments = PPOScoreMoments()

    init(_ settings: PPOSettings) {
        self.settings = settings
        control = PPODivergenceControl(settings)
    }

    /// Two passes of the same weights are compared: what dropout changes would pass for learning.
    public var usesDropout: Bool { false }

    public var state: [String: Double] { moments.state.merging(["divergence_weight": control.weight]) { $1 } }
    public func restore(_ state: [String: Double]) {
        control = PPODivergenceControl(settings, weight: state["divergence_weight"])
        moments = PPOScoreMoments(state) ?? moments
    }

    public func loss(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> PackLoss {
        let pass = PPOPass(pack, model: model, options: options)
        let targets = pack.experience ?? PPOTargets()
        let count = targets.tokens.count
        guard pass.logProbs.count == count, pass.values.count == count else {
            // An operator failed; the surrounding scope reports it.
            return PackLoss(value: .nan, outputs: pass.outputs, gradient: [], curves: CurveSums())
        }
        let losses = targets.tokens.enumerated().map { index, token in
            PPOTokenLoss(
                logProb: Double(pass.logProbs[index]), oldLogProb: token.logProb, value: Double(pass.values[index]),
                oldValue: token.value, advantage: token.advantage, target: token.target, settings: settings)
        }
        // TRL's guard against a policy that ran away: such a batch teaches nothing.
        let isUsable = PPOExperience.mean(losses.map(\.ratio)) <= settings.ratioLimit
        var gradient = [Float](repeating: 0, count: 2 * count), value = 0.0
        if isUsable {
            for (index, loss) in losses.enumerated() {
                let share = Double(pack.weights[index])
                value += share * (loss.policy + settings.valueWeight * loss.value)
                gradient[index] = Float(share * loss.policySlope)
                gradient[count + index] = Float(share * settings.valueWeight * loss.valueSlope)
            }
        }
        var curves = CurveSums()
        record(pass, targets, losses, isUsable: isUsable, &curves)
        return PackLoss(value: value, outputs: pass.outputs, gradient: gradient, curves: curves)
    }

    /// Means over the tokens of a mini-batch; a part of one counts as much as it has of its tokens.
    private func record(
        _ pass: PPOPass, _ targets: PPOTargets, _ losses: [PPOTokenLoss], isUsable: Bool, _ curves: inout CurveSums
    ) {
        let share = Double(losses.count) / Double(targets.batchTokens), count = Double(losses.count)
        func mean(_ name: String, _ value: (Int) -> Double) {
            curves.add("ppo/\(name)", losses.indices.reduce(0) { $0 + value($1) } / count, weight: share)
        }
        let factor = isUsable ? 1.0 : 0.0
        mean("loss/policy") { factor * losses[$0].policy }
        mean("loss/value") { factor * losses[$0].value }
        mean("loss/total") { factor * (losses[$0].policy + settings.valueWeight * losses[$0].value) }
        mean("policy/entropy") { Double(pass.entropies[$0]) }
        let changes = zip(pass.logProbs, targets.tokens).map { Double($0) - $1.logProb }
        mean("policy/approxkl") { 0.5 * changes[$0] * changes[$0] }
        mean("policy/policykl") { -changes[$0] }
        mean("policy/clipfrac") { losses[$0].isPolicyClipped ? 1 : 0 }
        mean("val/vpred") { Double(pass.values[$0]) }
        mean("val/error") { pow(Double(pass.values[$0]) - targets.tokens[$0].target, 2) }
        mean("val/clipfrac") { losses[$0].isValueClipped ? 1 : 0 }
        if !isUsable { curves.add("ppo/skipped_batches", share) }
    }
}
