import Datasets
import Models
import Torch

/// What a trainer is made of.
struct TrainerParts {
    let model: LanguageModel
    let objective: any Objective
    /// What makes a step where it is more than one gradient over the data's samples.
    let practice: (any PracticeStep)?
    let optimizer: AdamW
    let schedule: Schedule
    let settings: TrainerSettings
    let options: ForwardOptions
    /// Tokens computed together.
    let packTokens: Int
    /// The processes that train together.
    let group: ProcessGroup
    let builder: any StepBuilding
    let evaluations: [(name: String?, builder: any StepBuilding)]
    /// What gives out the samples from a place on.
    let loader: (BatchLoader.Cursor) throws -> any UpdateSource
    let saver: CheckpointSaver
    let console: RunConsole
}
