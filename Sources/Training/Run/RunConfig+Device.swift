import RunConfig
import Torch

extension RunConfig {
    /// Decides where this process computes, by `device` and `use_cpu`.
    @discardableResult
    func chooseDevice() throws -> Device {
        guard !training.useCPU || model.device != .cuda else {
            throw TrainingError("device: cuda and use_cpu: true contradict each other; remove one of them")
        }
        return try Device.choose(training.useCPU ? .cpu : Device.Wish(rawValue: model.device.rawValue) ?? .auto)
    }
}
