import RunConfig
import Training

/// The rewards there are, by their names in `reward_funcs`.
enum RewardCatalog {
    /// The rewards that a configuration names, in its order.
    static func rewards(_ config: RunConfig) throws -> [any Reward] {
        try config.reinforcement.rewardFuncs.map { try reward($0, config.reinforcement) }
    }

    static func reward(_ name: String, _ settings: ReinforcementArguments) throws -> any Reward {
        switch name {
        case "accuracy": return LabelReward(name: name, matches: AnswerMatch.isEqual)
        case "exact": return LabelReward(name: name, matches: AnswerMatch.isExact)
        case "math": return LabelReward(name: name, matches: AnswerMatch.isEqualNumber)
        case "format": return FormatReward(name: name, matches: AnswerFormat.hasThoughtAndAnswer)
        case "react_format": return FormatReward(name: name, matches: AnswerFormat.hasThoughtAndAction)
        case "json": return FormatReward(name: name, matches: AnswerFormat.isJSON)
        case "repetition":
            return RepetitionReward(
                size: settings.repetitionNGrams, maxPenalty: settings.repetitionMaxPenalty)
        case "cosine":
            return CosineReward(
                wrong: (settings.cosineMinLenValueWrong, settings.cosineMaxLenValueWrong),
                right: (settings.cosineMinLenValueCorrect, settings.cosineMaxLenValueCorrect),
                longest: settings.cosineMaxLen ?? settings.maxCompletionLength)
        case "soft_overlong":
            return OverlongReward(
                longest: settings.softMaxLength ?? settings.maxCompletionLength, cache: settings.softCacheLength ?? 1)
        case "program":
            return ProgramReward(
                command: settings.rewardProgram ?? "", timeoutSeconds: settings.rewardTimeout,
                maxAttempts: settings.rewardAttempts)
        case "judge": return try JudgeReward(settings)
        default:
            throw TrainingError(
                "reward_funcs: there is no reward \(name); there are \(ReinforcementArguments.rewardNames.joined(separator: ", "))"
            )
        }
    }
}
