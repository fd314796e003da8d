import RunConfig
public import Training

extension ReinforcementTools {
    /// The paged engine and the rewards of the catalog.
    public static let standard = ReinforcementTools(
        engine: { try PagedRollouts($0, $1) }, rewards: { try RewardCatalog.rewards($0) },
        endpoint: { config, decode in
            var settings = RewardEndpoint.Settings(url: config.tuning.rewardModel ?? "")
            settings.seconds = config.reinforcement.rewardTimeout
            settings.maxAttempts = config.reinforcement.rewardAttempts
            return try RewardEndpoint(settings, decode: decode)
        })
}
