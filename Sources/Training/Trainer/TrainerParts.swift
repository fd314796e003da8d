import Datasets
import Models

/// What a trainer is made of.
struct TrainerParts {
    let model: LanguageModel
    let objective: any Objective
    let optimizer: AdamW
    let schedule: Schedule
    let settings: TrainerSettings
    let options: ForwardOptions
    let builder: StepBuilder
    let evaluations: [(name: String?, builder: StepBuilder)]
    let order: SampleOrder
    let saver: CheckpointSaver
    let console: RunConsole
}
