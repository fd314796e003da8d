import Training

/// 1 for answers that match their row's label, 0 for others.
struct LabelReward: Reward {
    let name: String
    let matches: @Sendable (_ answer: String, _ label: String) -> Bool
    var needsLabel: Bool { true }

    func verdicts(on answers: [JudgedAnswer]) -> [RewardVerdict] {
        answers.map { answer in
            guard let label = answer.task.label else { return .notApplicable }
            return .score(matches(answer.text, label) ? 1 : 0)
        }
    }
}
