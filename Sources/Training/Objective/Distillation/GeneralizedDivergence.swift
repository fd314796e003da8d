import Foundation
import Torch

/// The generalised Jensen-Shannon divergence of two distributions over the next token (Agarwal et al. 2024, equation 1), as TRL's
/// `generalized_jsd_loss`: β KL(teacher ‖ mixture) + (1 - β) KL(student ‖ mixture) with the mixture β teacher + (1 - β) student; the
/// plain KL(teacher ‖ student) for β = 0 and KL(student ‖ teacher) for β = 1.
struct GeneralizedDivergence: Sendable, Equatable {
    /// Between 0 (as supervised learning, every mode of the teacher) and 1 (the student's own likeliest answers).
    var beta = 0.5
    /// Logits are divided by it.
    var temperature = 1.0

    /// Divergences [N] in nats of the rows of logits [N, V].
    func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor {
        let s = (student.to(.float32) / temperature).logSoftmax(), t = (teacher.to(.float32) / temperature).logSoftmax()
        if beta == 0 { return Self.divergence(of: t, from: s) }
        if beta == 1 { return Self.divergence(of: s, from: t) }
        let a = s + log(1 - beta), b = t + log(beta)
        // log(e^a + e^b), which is finite where both probabilities are 0 in fp32.
        let mixture = a - Tensor.stack([a, b], dim: -1).logSoftmax().select(-1, 0)
        return Self.divergence(of: t, from: mixture) * beta + Self.divergence(of: s, from: mixture) * (1 - beta)
    }

    /// KL(p ‖ q) of log-probabilities.
    private static func divergence(of p: Tensor, from q: Tensor) -> Tensor { (p.exp() * (p - q)).sum(-1) }

    /// The weighted sum of the divergences of output rows, a block of rows at a time: logits are made again in the backward pass
    /// instead of kept.
    ///
    /// - Parameters:
    ///   - student: hidden states [N, D] and the output layer [V, D] of the student.
    ///   - teacher: the same of the teacher, whose vocabulary may be padded to another size: rows that only one has are left out.
    ///   - weights: [N].
    /// - Returns: a scalar, with a graph when gradients are on.
    func sum(
        student: (hidden: Tensor, weight: Tensor), teacher: (hidden: Tensor, weight: Tensor), weights: [Float],
        blockRows: Int = 128
    ) -> Tensor {
        let size = min(student.weight.size(0), teacher.weight.size(0))
        let own = student.weight.size(0) == size ? student.weight : student.weight[0..<size]
        let other = teacher.weight.size(0) == size ? teacher.weight : teacher.weight[0..<size]
        var total = Tensor.zeros([])
        for first in stride(from: 0, to: weights.count, by: blockRows) {
            let rows = first..<min(first + blockRows, weights.count), teacherRows = teacher.hidden[rows]
            let factors = Tensor(Array(weights[rows]))
            func block(_ hidden: Tensor) -> Tensor {
                let logits = noGrad { teacherRows.linear(other.to(teacherRows.dtype)) }
                return (self(student: hidden.linear(own.to(hidden.dtype)), teacher: logits) * factors).sum()
            }
            let hidden = student.hidden[rows]
            total = total + (isGradEnabled ? recomputed(hidden, block) : block(hidden))
        }
        return total
    }
}
