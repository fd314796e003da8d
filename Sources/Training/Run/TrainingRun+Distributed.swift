public import RunConfig
import Torch

extension TrainingRun {
    /// Why only one process can train as a configuration says; nil where several can.
    public static func reasonForOneProcess(_ config: RunConfig) -> String? {
        let stage = config.tuning.stage
        if stage.writesAnswers || stage == .kto { return "stage: \(stage.rawValue) is not shared among processes yet" }
        if stage == .dpo, config.tuning.prefBcoWeight > 0 { return "pref_bco_weight is not shared among processes yet" }
        if config.data.streaming, config.data.tokenizedPath == nil {
            return
                "streaming: true is not shared among processes yet; without it the rows are prepared once and read from the cache"
        }
        return nil
    }

    /// Refuses what several processes do not do yet, rather than training on other numbers than one would.
    func refuseUnshared() throws {
        guard group.size > 1, let reason = Self.reasonForOneProcess(config) else { return }
        throw TrainingError("\(reason). One process trains it: NPROC_PER_NODE=1, or start without torchrun")
    }
}
