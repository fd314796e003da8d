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
}
