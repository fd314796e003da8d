import Training

/// 1 for answers of a form, 0 for others.
struct FormatReward: Reward {
    let name: String
    let matches: @Sendable (String) -> Bool

    func verdicts(on answers: [JudgedAnswer]) -> [RewardVerdict] {
        answers.map { .score(matches($0.text) ? 1 : 0) }
    }
}
