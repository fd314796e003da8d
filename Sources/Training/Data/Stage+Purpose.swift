import Datasets
import RunConfig

extension Stage {
    /// What a stage needs of its data.
    var purpose: DataPurpose {
        switch self {
        case .rm, .dpo: .pairs
        case .kto: .verdicts
        case .pt: .texts
        case .sft, .ppo, .grpo, .gkd: .answers
        }
    }

    /// Whether the policy writes the answers it learns from, so that rows are prompts.
    var writesAnswers: Bool { [.grpo, .ppo, .gkd].contains(self) }
}
