public import RunConfig

/// What stages need whose answers the policy writes, from the floor above: the inference engine, and what judges answers.
public struct ReinforcementTools: Sendable {
    public var engine: RolloutEngineMaker
    /// The rewards that a configuration names.
    public var rewards: @Sendable (RunConfig) throws -> [any Reward]

    public init(engine: @escaping RolloutEngineMaker, rewards: @escaping @Sendable (RunConfig) throws -> [any Reward]) {
        self.engine = engine
        self.rewards = rewards
    }
}
