public import RunConfig
import Torch

extension TrainingRun {
    /// Why only one process can train as a configuration says; nil where several can.
    public static func reasonForOneProcess(_ config: RunConfig) -> String? {
        let stage = config.tuning.stage
        if stage.writesAnswers { return "stage: \(stage.rawValue) is not shared among processes yet" }
        if config.data.streaming, config.data.tokenizedPath == nil {
            return
                "streaming: true is not shared among processes yet; without it the rows are prepared once and read from the cache"
        }
        return nil
    }

    /// Refuses what several processes do not do yet, rather than training on other numbers than one would.
    func refuseUnshared() throws {
        guard group.size > 1 else { return }
        let backend = Device.current.isCPU ? "gloo" : "nccl"
        guard config.training.ddpBackend ?? backend == backend else {
            throw TrainingError(
                "ddp_backend is \(config.training.ddpBackend ?? ""), but the run computes on \(Device.current), where it is \(backend): leave it out"
            )
        }
        guard let reason = Self.reasonForOneProcess(config) else { return }
        throw TrainingError("\(reason). One process trains it: NPROC_PER_NODE=1, or start without torchrun")
    }
}
