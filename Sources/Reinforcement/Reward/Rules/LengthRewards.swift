import Foundation
import Training

/// Right answers earn more when they are short, wrong ones lose less when they are long (ms-swift's `cosine`, Yeo et al. 2025).
struct CosineReward: Reward {
    /// Rewards of the shortest and the longest answer.
    let wrong: (shortest: Double, longest: Double)
    let right: (shortest: Double, longest: Double)
    let longest: Int
    let name = "cosine"
    var needsLabel: Bool { true }

    init(wrong: (Double, Double), right: (Double, Double), longest: Int) {
        self.wrong = (wrong.0, wrong.1)
        self.right = (right.0, right.1)
        self.longest = longest
    }

    func verdicts(on answers: [JudgedAnswer]) -> [RewardVerdict] {
        answers.map { answer in
            guard let label = answer.task.label else { return .notApplicable }
            let isRight = AnswerMatch.isEqual(answer.text, label)
            // ms-swift swaps the ends for right answers; either way the shortest answer gets the first number.
            let (low, high) = isRight ? (right.longest, right.shortest) : (wrong.longest, wrong.shortest)
            let angle = Double(answer.numTokens) * .pi / Double(longest)
            return .score(high - (high - low) * (1 - cos(angle)) / 2)
        }
    }
}

/// Falls from 0 to -1 over the last tokens before the longest length (ms-swift's `soft_overlong`, DAPO).
struct OverlongReward: Reward {
    let longest: Int
    let cache: Int
    let name = "soft_overlong"

    func verdicts(on answers: [JudgedAnswer]) -> [RewardVerdict] {
        answers.map { answer in
            let excess = answer.numTokens - (longest - cache)
            return .score(min(-Double(excess) / Double(cache), 0))
        }
    }
}
