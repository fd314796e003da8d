import Models
import Torch

extension AnswerPass {
    /// Entropy of the distribution that each label was drawn from, in nats; no gradient. Logits exist a block of rows at a time.
    func entropies(_ pack: PackData, model: LanguageModel, temperature: Double) -> [Float] {
        let block = 256
        return noGrad {
            var result: [Float] = []
            result.reserveCapacity(pack.labelRows.count)
            let states = hidden.detach()
            for first in stride(from: 0, to: pack.labelRows.count, by: block) {
                let rows = states.rows(Tensor(Array(pack.labelRows[first..<min(first + block, pack.labelRows.count)])))
                let logs = (model.logits(rows).to(.float32) / temperature).logSoftmax()
                result += ((logs.exp() * logs).sum(-1) * -1).array(Float.self)
            }
            return result
        }
    }
}
