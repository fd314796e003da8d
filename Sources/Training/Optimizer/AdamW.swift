import Torch

/// AdamW over named fp32 parameters (Loshchilov and Hutter 2019, as torch.optim.AdamW).
public final class AdamW {
    /// One trained parameter with its moments.
    struct Slot {
        let name: String
        let parameter: Tensor
        let first: Tensor
        let second: Tensor
        let decays: Bool
    }

    public struct Settings: Sendable, Equatable {
        public var beta1 = 0.9
        public var beta2 = 0.999
        public var epsilon = 1e-8
        public var weightDecay = 0.0
        public init() {}
    }

    let settings: Settings
    private(set) var slots: [Slot]
    /// Updates done.
    public private(set) var step = 0

    /// `decays` is false for biases and norms.
    init(_ parameters: [(name: String, tensor: Tensor, decays: Bool)], settings: Settings) {
        self.settings = settings
        parameters.forEach { $0.tensor.makeGrad() }
        slots = parameters.map {
            Slot(
                name: $0.name, parameter: $0.tensor, first: Tensor.zeros($0.tensor.shape),
                second: Tensor.zeros($0.tensor.shape), decays: $0.decays)
        }
    }

    var gradients: [Tensor] { slots.compactMap { $0.parameter.grad } }

    /// The norm of all gradients together.
    func gradientNorm() -> Double { totalNorm(gradients) }

    /// One update with every gradient multiplied by `gradientScale`, after which the gradients are zero. Their memory stays
    /// theirs: kernels add to it, and a step's large buffers do not wander about the heap.
    func update(learningRate: Double, gradientScale: Double) {
        step += 1
        for decays in [true, false] {
            let group = slots.filter { $0.decays == decays }
            guard !group.isEmpty else { continue }
            // With a gradient of zero (the vision tower in a step without images) the moments still move, as upstream,
            // whose text-only batches carry a fake image.
            adamW(
                group.map(\.parameter), gradients: group.compactMap { $0.parameter.grad },
                first: group.map(\.first),
                second: group.map(\.second), step: step, learningRate: learningRate, beta1: settings.beta1,
                beta2: settings.beta2,
                epsilon: settings.epsilon, weightDecay: decays ? settings.weightDecay : 0, gradientScale: gradientScale)
        }
        slots.forEach { $0.parameter.grad?.fill(0) }
    }

    /// The state as tensors to be saved.
    func stateTensors() -> [(name: String, tensor: Tensor)] {
        slots.flatMap { [("\($0.name).exp_avg", $0.first), ("\($0.name).exp_avg_sq", $0.second)] }
    }

    /// Takes over a saved state; every moment must be there in its shape.
    func restore(_ file: SafetensorsFile, step: Int) throws {
        for slot in slots {
            for (suffix, tensor) in [("exp_avg", slot.first), ("exp_avg_sq", slot.second)] {
                guard let saved = file.tensor("\(slot.name).\(suffix)"), saved.shape == tensor.shape else {
                    throw TrainingError(
                        "\(file.path): has no state for \(slot.name); the checkpoint belongs to another configuration")
                }
                tensor.copy(from: saved)
            }
        }
        self.step = step
    }
}
