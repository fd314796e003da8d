public import Prompting

/// What rows are for.
public enum DataPurpose: Sendable, Hashable {
    /// Answers that are learned (stage sft).
    case answers
    /// Texts that are learned as a whole (stage pt): answers may be missing.
    case texts
    /// Two answers to one prompt, the better one first (rm, dpo).
    case pairs
    /// Answers that are good or bad (kto).
    case verdicts

    /// Whether rows say which answers are better.
    public var comparesAnswers: Bool { self == .pairs || self == .verdicts }

    /// - Throws: when an entry of dataset_info.json holds rows for something else (LLaMA-Factory's "The dataset is not
    ///   applicable in the current training stage.").
    func check(_ description: DatasetDescription) throws(DataError) {
        let columns = description.columns
        switch self {
        case .answers, .texts, .verdicts:
            if description.isRanking {
                throw DataError(
                    "`ranking` data are for the stages rm and dpo: they are not applicable in the current training stage",
                    dataset: description.name)
            }
            if self != .verdicts, columns.ktoTag != nil {
                throw DataError(
                    "`kto_tag` data are for the stage kto: they are not applicable in the current training stage",
                    dataset: description.name)
            }
            if self == .verdicts, columns.ktoTag == nil {
                throw DataError(
                    "the stage kto needs to know which answers are good: name the column of true and false as `kto_tag` in `columns`",
                    dataset: description.name)
            }
        case .pairs:
            if !description.isRanking {
                throw DataError(
                    "the stages rm and dpo need pairs of answers: set `ranking` to true and name the columns `chosen` and `rejected`; other data are not applicable in the current training stage",
                    dataset: description.name)
            }
        }
    }
}

/// What a row says about how good its answer is.
public enum RowPreference: Sendable, Hashable {
    /// The conversation's answer is better than this one.
    case better(than: Message)
    /// The conversation's answer is good or bad. `other` is the answer of another row, with which KTO estimates how far
    /// the model is from the reference; it is set once the rows of a run are together.
    case verdict(isGood: Bool, other: Message?)
}
