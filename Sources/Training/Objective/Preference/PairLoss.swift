import Foundation
public import RunConfig

/// The preference losses of a pair, as formulas over log-probabilities.
///
/// c and r are the policy's log-probabilities of the chosen and the rejected answer (sums over tokens, or means where
/// `usesMean`), with the reference's taken off where `usesReference`: z = c - r. Docs/preference.md has the table, with the
/// places where LLaMA-Factory computes something else under the same name.
public struct PairLoss: Sendable {
    public let kind: PreferenceLoss
    public var beta: Double
    /// Part of the labels taken as wrong (sigmoid, robust, exo_pair).
    public var smoothing: Double
    /// Margin of SimPO.
    public var gamma: Double

    public init(_ kind: PreferenceLoss, beta: Double, smoothing: Double = 0, gamma: Double = 0.5) {
        self.kind = kind
        self.beta = beta
        self.smoothing = smoothing
        self.gamma = gamma
    }

    /// Whether the loss compares the policy with a reference.
    public var usesReference: Bool { kind.usesReference }
    /// Whether log-probabilities are means over the tokens of an answer.
    public var usesMean: Bool { [.ipo, .orpo, .simpo].contains(kind) }
    /// Whether the loss of a pair depends on the other pairs of its batch.
    public var usesBatch: Bool { kind == .ktoPair }

    /// - Parameters:
    ///   - c: log-probability of the chosen answer, less the reference's.
    ///   - r: log-probability of the rejected answer, less the reference's.
    ///   - divergences: of kto_pair, the batch's means of c and r, at least 0.
    public func callAsFunction(_ c: Dual, _ r: Dual, divergences: (chosen: Double, rejected: Double) = (0, 0)) -> Dual {
        let z = (c - r) * beta
        switch kind {
        case .sigmoid: return -z.logSigmoid * (1 - smoothing) - (-z).logSigmoid * smoothing
        case .robust:
            // The unbiased estimate under flipped labels (Chowdhury et al. 2024).
            return ((-z).logSigmoid * smoothing - z.logSigmoid * (1 - smoothing)) / (1 - 2 * smoothing)
        case .hinge: return (1 - z).positivePart
        case .ipo:
            let distance = (c - r) - 1 / (2 * beta)
            return distance * distance
        case .exoPair:
            // Equation 16 of Ji et al. 2024; without smoothing its second term is infinite.
            let e = smoothing == 0 ? 1e-3 : smoothing
            return z.sigmoid * (z.logSigmoid - log(1 - e)) + (-z).sigmoid * ((-z).logSigmoid - log(e))
        case .ncaPair:
            let chosen = c * beta, rejected = r * beta
            return -chosen.logSigmoid - (-chosen).logSigmoid * 0.5 - (-rejected).logSigmoid * 0.5
        case .apoZero: return 1 - (c * beta).sigmoid + (r * beta).sigmoid
        case .apoDown: return (c * beta).sigmoid + 1 - z.sigmoid
        case .ktoPair:
            // Each half is measured against the divergence on the other half; its mean is the pair's loss.
            let chosen = 1 - ((c - divergences.rejected) * beta).sigmoid
            let rejected = 1 - ((divergences.chosen - r) * beta).sigmoid
            return (chosen + rejected) / 2
        case .orpo: return -c + oddsRatio(c, r) * beta
        case .simpo: return -(z - gamma).logSigmoid
        }
    }

    /// ORPO's -log σ of the log odds ratio, of mean log-probabilities.
    public func oddsRatio(_ c: Dual, _ r: Dual) -> Dual { -((c - r) - (c.log1mExp - r.log1mExp)).logSigmoid }

    /// The BCO loss beside it (pref_bco_weight), with the running mean of rewards as its baseline.
    public func binaryClassifier(_ c: Dual, _ r: Dual, baseline: Double) -> Dual {
        -(c * beta - baseline).logSigmoid - (-(r * beta - baseline)).logSigmoid
    }
}
