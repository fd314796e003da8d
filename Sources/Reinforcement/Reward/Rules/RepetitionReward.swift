import Training

/// The share of repeated runs of words times `maxPenalty` (ms-swift's `repetition`).
struct RepetitionReward: Reward {
    let size: Int
    let maxPenalty: Double
    let name = "repetition"

    func verdicts(on answers: [JudgedAnswer]) -> [RewardVerdict] {
        answers.map { answer in
            let words = answer.text.lowercased().split(whereSeparator: \.isWhitespace)
            guard words.count >= size else { return .score(0) }
            let runs = (0...(words.count - size)).map { Array(words[$0..<($0 + size)]) }
            return .score((1 - Double(Set(runs).count) / Double(runs.count)) * maxPenalty)
        }
    }
}
