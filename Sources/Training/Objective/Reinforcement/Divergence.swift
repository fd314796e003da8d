import Foundation

/// Estimates of how far a policy is from a reference, from log-probabilities of the policy's own tokens (Schulman 2020).
enum Divergence {
    /// k3: never negative, unbiased; with its derivative with respect to the policy's log-probability.
    static func k3(policy: Double, reference: Double) -> (value: Double, slope: Double) {
        let ratio = reference - policy
        // expm1 keeps what exp(x) - 1 loses near 0.
        return (expm1(ratio) - ratio, -expm1(ratio))
    }

    /// k1 of a whole answer: the sum of the log ratios, of any sign.
    static func k1(policy: [Float], reference: [Float]) -> Double {
        zip(policy, reference).reduce(0) { $0 + Double($1.0) - Double($1.1) }
    }
}
