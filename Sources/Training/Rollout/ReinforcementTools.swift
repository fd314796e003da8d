public import RunConfig

/// What stages need whose answers the policy writes, from the floor above: the inference engine, and what judges answers.
public struct ReinforcementTools: Sendable {
    public var engine: RolloutEngineMaker
    /// The rewards that a configuration names.
    public var rewards: @Sendable (RunConfig) throws -> [any Reward]
    /// The reward server that a configuration names; `decode` makes a text of tokens, special ones kept.
    public var endpoint: RewardEndpointMaker

    public init(
        engine: @escaping RolloutEngineMaker, rewards: @escaping @Sendable (RunConfig) throws -> [any Reward],
        endpoint: @escaping RewardEndpointMaker = { _, _ in
            throw TrainingError("reward_model_type api needs a web client, and this program has none")
        }
    ) {
        self.engine = engine
        self.rewards = rewards
        self.endpoint = endpoint
    }
}

/// Makes what asks a reward server.
public typealias RewardEndpointMaker =
    @Sendable (_ config: RunConfig, _ decode: @escaping @Sendable ([Int32]) -> String) throws -> any AnswerScoring
