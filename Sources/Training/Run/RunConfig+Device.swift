import RunConfig
import Torch

extension RunConfig {
    /// Decides where this process computes, by `device` and `use_cpu`; each process of a machine has a device of its own.
    @discardableResult
    func chooseDevice(_ group: ProcessGroup = .alone) throws -> Device {
        guard !training.useCPU || model.device != .cuda else {
            throw TrainingError("device: cuda and use_cpu: true contradict each other; remove one of them")
        }
        return try Device.choose(
            training.useCPU ? .cpu : Device.Wish(rawValue: model.device.rawValue) ?? .auto, localRank: group.localRank)
    }

    /// What frozen weights of `bits` bits are written in; nil without bits.
    ///
    /// - Throws: on a device that has no products of such weights.
    func quantization(bits: Int?) throws -> PackedWeight.Code? {
        guard let code = model.quantizationCode(bits: bits).flatMap(PackedWeight.Code.init) else { return nil }
        guard Device.current.isCPU else {
            throw TrainingError("quantization_bit works on the CPU only: remove it, or say `device: cpu`")
        }
        return code
    }
}
