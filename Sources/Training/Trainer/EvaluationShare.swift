import Datasets
import Torch

/// What a process evaluates of a set, and what it counts: transformers' evaluation loop.
///
/// Each process takes its turn at the batches. Where samples weigh the same, what fills up the last batches counts for nothing; the
/// mean over batches counts it in, as LLaMA-Factory's stage sft does.
struct EvaluationShare {
    let batches: [[Int]]
    /// Samples of each batch that are not there to fill it up.
    private let ownSamples: [Int]
    private let weights: [Int]
    private let totalWeight: Int

    init(numSamples: Int, batchSize: Int, group: ProcessGroup, weighsSamples: Bool) {
        let share = BatchShare(index: group.rank, count: group.size)
        batches = share.batches(of: Array(0..<numSamples), batchSize: batchSize)
        ownSamples = batches.indices.map { batch in
            max(0, min(batchSize, numSamples - (batch * group.size + group.rank) * batchSize))
        }
        weights = weighsSamples ? ownSamples : batches.map { _ in 1 }
        totalWeight = weighsSamples ? numSamples : batches.count * group.size
    }

    func numSamples(of batch: Int) -> Int { ownSamples[batch] }

    /// What the mean of some of the batches counts in the whole set's.
    func part(of range: Range<Int>) -> Double { Double(weights[range].reduce(0, +)) / Double(max(1, totalWeight)) }
}
