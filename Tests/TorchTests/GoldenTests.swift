import CTorch
import Foundation
import Testing

@testable import Torch

private func fixture<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    let folder = try #require(Bundle.module.resourcePath) + "/Fixtures"
    return try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
}

/// PyTorch's generator (Fixtures/rng.json).
struct RandomTests {
    /// All values, or head, tail and sum of many.
    struct Numbers: Decodable {
        struct Summary: Decodable {
            let count: Int
            let head: [Double]
            let tail: [Double]
            let sum: Double
        }
        var all: [Double]?
        var summary: Summary?

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let numbers = try? value.decode([Double].self) {
                all = numbers
            } else {
                summary = try value.decode(Summary.self)
            }
        }

        func matches(_ values: [Double], tolerance: Double) -> Bool {
            func near(_ a: some Sequence<Double>, _ b: some Sequence<Double>) -> Bool {
                zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
            }
            if let all { return all.count == values.count && near(all, values) }
            guard let summary, summary.count == values.count else { return false }
            return near(summary.head, values.prefix(20)) && near(summary.tail, values.suffix(20))
                && abs(summary.sum - values.reduce(0, +)) <= tolerance * Double(values.count) + 1e-9
        }
    }

    struct Draw: Decodable {
        let op: String
        let size: Int?
        let shape: [Int]?
        let values: Numbers?
    }

    struct Case: Decodable {
        let seed: UInt64
        let op: String
        let size: Int?
        let shape: [Int]?
        let values: Numbers?
        let draws: [Draw]?
        var all: [Draw] { draws ?? [Draw(op: op, size: size, shape: shape, values: values)] }
    }

    struct File: Decodable {
        let cases: [Case]
    }

    @Test func `seeded draws equal PyTorch's`() throws {
        let cases = try fixture(File.self, "rng.json").cases
        #expect(cases.count == 82)
        try TensorThread.cpu.run {
            var compared: [String: Int] = [:]
            for item in cases {
                Runtime.seed(item.seed)
                for draw in item.all {
                    let shape = draw.shape ?? [draw.size ?? 0]
                    // Sixteen and more normals are made with vector instructions.
                    let tolerance = draw.op == "normal_" ? 1e-6 : 0
                    let values = try scope { Self.draw(draw.op, shape) }
                    let isEqual = try #require(draw.values).matches(values, tolerance: tolerance)
                    #expect(isEqual, "seed \(item.seed) \(item.op) \(draw.op) \(shape)")
                    compared[draw.op, default: 0] += 1
                }
            }
            #expect(
                Set(compared.keys) == ["randperm", "uniform_", "normal_", "bernoulli_0.25", "kaiming_uniform_a_sqrt5"])
        }
    }

    private static func draw(_ op: String, _ shape: [Int]) -> [Double] {
        if op == "randperm" { return Tensor(ct_randperm(Int64(shape[0]))).array(Double.self) }
        let tensor = Tensor.empty(shape)
        switch op {
        case "normal_": tensor.fillNormal()
        case "kaiming_uniform_a_sqrt5":
            tensor.fillUniform(-1 / Double(shape[1]).squareRoot(), 1 / Double(shape[1]).squareRoot())
        case "bernoulli_0.25":
            // Dropout keeps an element where a Bernoulli draw of 1 - p says so.
            return Tensor.ones(shape).dropout(0.75).array(Double.self).map { $0 == 0 ? 0 : 1 }
        default: tensor.fillUniform()
        }
        return tensor.array(Double.self)
    }

    @Test func `the generator's state can be put back`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(5)
            let first = Tensor.empty([7])
            first.fillNormal()  // an odd number: the generator keeps one more
            let state = Runtime.randomState
            let a = Tensor.empty([9]), b = Tensor.empty([9])
            a.fillNormal()
            Runtime.randomState = state
            b.fillNormal()
            #expect(a.array(Float.self) == b.array(Float.self))
        }
    }
}

/// PyTorch's AdamW and clip_grad_norm_ (Fixtures/optimizer.json).
struct OptimizerTests {
    struct Adam: Decodable {
        struct Options: Decodable {
            let lr: Double
            let weight_decay: Double
            let eps: Double
            let betas: [Double]
        }
        struct Step: Decodable {
            let grad: [Float]
            let value: [Float]
        }
        let options: Options
        let start: [Float]
        let steps: [Step]
        let exp_avg: [Float]
        let exp_avg_sq: [Float]
    }
    struct Clip: Decodable {
        let max_norm: Double
        let grads: [[Float]]
        let total_norm: Double
        let clipped: [[Float]]
    }
    struct File: Decodable {
        let adamw: [Adam]
        let clip_grad_norm: [Clip]
    }

    @Test func `five steps of AdamW equal PyTorch's, moments included`() throws {
        let rows = try fixture(File.self, "optimizer.json").adamw
        #expect(rows.count == 2)
        try TensorThread.cpu.run {
            for row in rows {
                let value = Tensor(row.start), first = Tensor.zeros([6]), second = Tensor.zeros([6])
                for (index, step) in row.steps.enumerated() {
                    // The gradient comes halved and is scaled back, as clipping does.
                    adamW(
                        [value], gradients: [Tensor(step.grad.map { $0 / 2 })], first: [first], second: [second],
                        step: index + 1,
                        learningRate: row.options.lr, beta1: row.options.betas[0], beta2: row.options.betas[1],
                        epsilon: row.options.eps, weightDecay: row.options.weight_decay, gradientScale: 2)
                    #expect(near(value.array(), step.value, 2e-7), "step \(index + 1)")
                }
                #expect(near(first.array(), row.exp_avg, 1e-7) && near(second.array(), row.exp_avg_sq, 1e-7))
            }
        }
    }

    @Test func `the norm of all gradients and its clipping equal PyTorch's`() throws {
        let rows = try fixture(File.self, "optimizer.json").clip_grad_norm
        #expect(rows.count == 3)
        try TensorThread.cpu.run {
            for row in rows {
                let gradients = row.grads.map { Tensor($0) }
                let norm = totalNorm(gradients)
                #expect(abs(norm - row.total_norm) < 1e-6)
                let scale = min(1, row.max_norm / (norm + 1e-6))
                for (gradient, clipped) in zip(gradients, row.clipped) {
                    #expect(near((gradient * scale).array(), clipped, 1e-6))
                }
            }
        }
    }

    private func near(_ a: [Float], _ b: [Float], _ tolerance: Float) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
    }
}
