public import Training

extension ReinforcementTools {
    /// The paged engine and the rewards of the catalog.
    public static let standard = ReinforcementTools(
        engine: { try PagedRollouts($0, $1) }, rewards: { try RewardCatalog.rewards($0) })
}
