import Foundation
import Testing
import Torch

@testable import Training

/// The divergence of stage gkd against TRL's `generalized_jsd_loss` (Tools/fixtures/gkd_golden.py).
struct DistillationTests {
    struct Case: Decodable {
        let beta: Double
        let temperature: Double
        let student: [[Float]]
        let teacher: [[Float]]
        let weights: [Float]
        let loss: Double
        let gradient: [[Float]]
    }

    @Test func `loss and gradient are TRL's for every beta and temperature`() throws {
        let cases = try read([Case].self, "\(Place.fixtures)/gkd/golden.json")
        try TensorThread.cpu.run {
            for item in cases {
                let shape = [item.student.count, item.student[0].count]
                let student = Tensor(item.student.flatMap(\.self), shape: shape)
                student.requiresGrad = true
                let divergence = GeneralizedDivergence(beta: item.beta, temperature: item.temperature)
                let loss = try scope {
                    let rows = divergence(student: student, teacher: Tensor(item.teacher.flatMap(\.self), shape: shape))
                    let loss = (rows * Tensor(item.weights)).sum()
                    loss.backward()
                    return loss.detach().item
                }
                #expect(abs(loss - item.loss) <= 1e-5 * max(1, abs(item.loss)), "beta \(item.beta)")
                let gradient: [Float] = student.grad?.array() ?? []
                #expect(gradient.count == shape[0] * shape[1])
                for (own, expected) in zip(gradient, item.gradient.joined()) {
                    #expect(
                        abs(own - expected) <= 1e-5 * max(1, abs(expected)), "beta \(item.beta) \(item.temperature)")
                }
            }
            #expect(cases.count == 15)
        }
    }

    @Test(arguments: [1, 3, 100])
    func `blocks of rows and vocabularies of two sizes give the loss and gradient of the whole`(_ blockRows: Int) throws
    {
        try TensorThread.cpu.run {
            Runtime.seed(3)
            func random(_ shape: Int...) -> Tensor {
                let tensor = Tensor.empty(shape)
                tensor.fillNormal()
                return tensor
            }
            let hidden = random(7, 4), weight = random(11, 4), teacherHidden = random(7, 6),
                teacherWeight = random(13, 6)
            let weights: [Float] = [0.1, 0.2, 0.3, 0, 0.1, 0.2, 0.1]
            hidden.requiresGrad = true
            weight.requiresGrad = true
            let divergence = GeneralizedDivergence(beta: 0.3, temperature: 0.8)
            func gradients(_ loss: Tensor) -> [Float] {
                loss.backward()
                defer {
                    hidden.clearGrad()
                    weight.clearGrad()
                }
                return (hidden.grad?.array() ?? []) + (weight.grad?.array() ?? []) + [Float(loss.detach().item)]
            }
            let (whole, blocks) = try scope {
                let logits = hidden.linear(weight), teacher = teacherHidden.linear(teacherWeight[0..<11])
                let whole = gradients((divergence(student: logits, teacher: teacher) * Tensor(weights)).sum())
                let blocks = gradients(
                    divergence.sum(
                        student: (hidden, weight), teacher: (teacherHidden, teacherWeight), weights: weights,
                        blockRows: blockRows))
                return (whole, blocks)
            }
            #expect(whole.count == 28 + 44 + 1 && blocks.count == whole.count)
            for (a, b) in zip(whole, blocks) { #expect(abs(a - b) < 1e-5) }
        }
    }
}
