/// How the losses of tokens are averaged, by TRL's and ms-swift's names.
public enum PolicyLossType: String, SettingChoice {
    case grpo, bnpo
    case drGRPO = "dr_grpo"
    case dapo, cispo
}

/// What ratios of probabilities are taken of.
public enum ImportanceLevel: String, SettingChoice {
    case token, sequence
    case sequenceToken = "sequence_token"
}

/// What an answer's reward is compared with.
public enum AdvantageEstimator: String, SettingChoice {
    case grpo, rloo
    case reinforcePlusPlus = "reinforce_plus_plus"
}

/// What advantages are divided by.
public enum RewardScale: String, SettingChoice {
    case group, batch, none, gdpo

    public init?(configValue: ConfigValue) {
        // TRL and older ms-swift: a truth.
        switch configValue.string?.lowercased() {
        case "true": self = .group
        case "false": self = RewardScale.none
        case let text?:
            guard let value = RewardScale(rawValue: text) else { return nil }
            self = value
        case nil: return nil
        }
    }
}
