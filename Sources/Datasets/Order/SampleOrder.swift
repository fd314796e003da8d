/// The order in which an epoch goes through the samples.
public struct SampleOrder: Sendable, Hashable, Codable {
    /// Number of samples.
    public let count: Int
    /// LLaMA-Factory's `data_seed`, or `seed`.
    public let seed: Int
    /// Whether each epoch has an order of its own; otherwise it is that of the data.
    public let isShuffled: Bool

    public init(count: Int, seed: Int, isShuffled: Bool) {
        self.count = count
        self.seed = seed
        self.isShuffled = isShuffled
    }

    /// The samples of an epoch (from 0) in order: `torch.randperm(count)` with the seed `seed + epoch`.
    ///
    /// Source: accelerate's SeedableRandomSampler, which the trainer tells the epoch, also when it resumes.
    public func indices(epoch: Int) -> [Int] {
        isShuffled ? TorchPermutation.randperm(count, seed: seed &+ epoch) : Array(0..<count)
    }
}
