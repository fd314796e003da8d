import Foundation

/// The rewards of a generation: what each reward says of each answer, and their weighted sum.
struct RewardTable: Sendable {
    let names: [String]
    let weights: [Double]
    /// By answer, by reward; NaN where there is none.
    var values: [[Double]]
    /// Answers that cannot be used, with the reward and its reason.
    var failures: [Int: (name: String, reason: String)] = [:]

    /// Judges answers by all rewards.
    ///
    /// - Throws: a reward's own error, or when not one answer could be judged.
    init(_ answers: [JudgedAnswer], rewards: [any Reward], weights: [Double]) throws {
        names = rewards.map(\.name)
        self.weights = weights
        values = answers.map { _ in rewards.map { _ in .nan } }
        for (column, reward) in rewards.enumerated() {
            for (row, verdict) in try reward.verdicts(on: answers).enumerated() {
                switch verdict {
                case .score(let score) where score.isFinite: values[row][column] = score
                case .score(let score): failures[row] = (reward.name, "the reward is \(score)")
                case .notApplicable: break
                case .failed(let reason): failures[row] = (reward.name, reason)
                }
            }
        }
        for row in answers.indices where failures[row] == nil && values[row].allSatisfy(\.isNaN) {
            failures[row] = (names.joined(separator: ", "), "no reward has anything to say about it")
        }
        if failures.count == answers.count, let first = failures.min(by: { $0.key < $1.key }) {
            throw TrainingError(
                "the reward \(first.value.name) failed for all \(answers.count) answers of a step: \(first.value.reason). Nothing was learned from them; mend the reward and run again to go on from the last checkpoint."
            )
        }
    }

    init(names: [String], weights: [Double], values: [[Double]]) {
        self.names = names
        self.weights = weights
        self.values = values
    }

    /// The weighted sum of an answer's rewards; nil for one that cannot be used.
    func total(_ answer: Int) -> Double? {
        guard failures[answer] == nil else { return nil }
        return zip(values[answer], weights).reduce(0) { $1.0.isNaN ? $0 : $0 + $1.0 * $1.1 }
    }

    /// How many answers each reward failed on.
    func numFailures(of name: String) -> Int { failures.values.count { $0.name == name } }
}
