/// Which batches of an epoch a process gets, where several share them out: those behind one another go to one process after the other.
///
/// Source: accelerate's BatchSamplerShard with `even_batches`. All get as many batches, all full: the samples are filled up with
/// those the epoch began with, again and again if need be. A process by itself has a last batch that may not be full.
public struct BatchShare: Sendable, Hashable {
    /// The number of the process, and how many there are.
    public let index: Int
    public let count: Int

    /// All batches.
    public static let whole = BatchShare(index: 0, count: 1)

    public init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }

    /// Batches that each process gets.
    public func numBatches(numSamples: Int, batchSize: Int) -> Int {
        (numSamples + batchSize * count - 1) / (batchSize * count)
    }

    /// An epoch's samples with those that fill it up.
    func filled(_ samples: [Int], batchSize: Int) -> [Int] {
        guard count > 1, !samples.isEmpty else { return samples }
        let missing = numBatches(numSamples: samples.count, batchSize: batchSize) * batchSize * count - samples.count
        return samples + (0..<missing).map { samples[$0 % samples.count] }
    }

    /// The places of a batch of this process among `numSamples` that are filled up.
    func places(ofBatch batch: Int, batchSize: Int, numSamples: Int) -> Range<Int> {
        let first = (batch * count + index) * batchSize
        return first..<min(first + batchSize, numSamples)
    }

    /// The batches of this process.
    public func batches(of samples: [Int], batchSize: Int) -> [[Int]] {
        let filled = filled(samples, batchSize: batchSize)
        return (0..<numBatches(numSamples: samples.count, batchSize: batchSize)).map {
            Array(filled[places(ofBatch: $0, batchSize: batchSize, numSamples: filled.count)])
        }
    }
}
