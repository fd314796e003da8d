import Foundation
public import RunConfig

/// How much better than expected each answer of a generation is: ms-swift's `compute_advantages`, which is TRL's for grpo.
public struct Advantages: Sendable {
    public var estimator = AdvantageEstimator.grpo
    public var scale = RewardScale.group
    /// Answers to each prompt; they stand side by side.
    public var groupSize: Int

    public init(_ estimator: AdvantageEstimator = .grpo, scale: RewardScale = .group, groupSize: Int) {
        self.estimator = estimator
        self.scale = scale
        self.groupSize = groupSize
    }

    /// - Parameter rewards: weighted sums; nil for an answer that is left out, whose advantage is 0 and which counts in no mean.
    func callAsFunction(_ rewards: [Double?]) -> [Double] {
        var result = rewards.map { _ in 0.0 }
        for group in groups(rewards.count) {
            let known = group.compactMap { rewards[$0] }
            let mean = GroupStatistics.mean(known), count = Double(known.count)
            // Leave-one-out: the mean of the others.
            let factor = estimator == .rloo && count > 1 ? count / (count - 1) : 1
            for index in group { result[index] = rewards[index].map { ($0 - mean) * factor } ?? 0 }
        }
        func deviation(_ indices: some Sequence<Int>) -> Double {
            GroupStatistics.deviation(
                indices.compactMap { index in
                    rewards[index].map { estimator == .reinforcePlusPlus ? result[index] : $0 }
                })
        }
        switch scale {
        case .none, .gdpo: break
        case .batch:
            let size = deviation(rewards.indices)
            for index in result.indices { result[index] /= size + 1e-4 }
        case .group:
            let sizes = groups(rewards.count).map { ($0, deviation($0)) }
            for (group, size) in sizes { for index in group { result[index] /= size + 1e-4 } }
        }
        return result
    }

    /// GDPO: each reward is normalised in its group by itself, then the weighted sum in the batch.
    func decoupled(_ table: RewardTable) -> [Double] {
        var sums = table.values.map { _ in 0.0 }
        for column in table.names.indices {
            for group in groups(table.values.count) {
                let used = group.filter { table.failures[$0] == nil && !table.values[$0][column].isNaN }
                let known = used.map { table.values[$0][column] }
                let mean = GroupStatistics.mean(known), size = GroupStatistics.deviation(known) + 1e-8
                for index in used {
                    sums[index] += table.weights[column] * (table.values[index][column] - mean) / size
                }
            }
        }
        let used = sums.indices.filter { table.failures[$0] == nil }
        let mean = GroupStatistics.mean(used.map { sums[$0] })
        let size = GroupStatistics.deviation(used.map { sums[$0] }) + 1e-8
        return sums.indices.map { table.failures[$0] == nil ? (sums[$0] - mean) / size : 0 }
    }

    func groups(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: groupSize).map { $0..<min($0 + groupSize, count) }
    }
}
