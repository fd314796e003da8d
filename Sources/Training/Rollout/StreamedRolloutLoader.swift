import Datasets

/// Gives out the prompts of the generations that begin in an update, from a stream. What is left at the end of an epoch and
/// fills no generation is left out, as by `RolloutLoader`.
struct StreamedRolloutLoader: UpdateSource {
    let plan: RolloutPlan
    private var prompts: StreamLoader
    /// `batch` counts the batches of the whole run.
    private(set) var cursor: BatchLoader.Cursor

    init(_ samples: StreamedSamples, plan: RolloutPlan, cursor: BatchLoader.Cursor) {
        self.plan = plan
        self.cursor = cursor
        prompts = StreamLoader(samples, batchSize: plan.numPrompts, accumulation: 1, cursor: cursor)
    }

    /// - Throws: when an epoch has fewer prompts than a generation needs.
    mutating func next() throws -> BatchLoader.Update {
        let end = cursor.batch + plan.accumulation, first = cursor.epoch
        let begun = (cursor.batch..<end).filter { $0 % plan.batchesPerGeneration == 0 }
        let batches = try begun.map { _ in try generation() }
        cursor = BatchLoader.Cursor(epoch: prompts.cursor.epoch, batch: end, sample: prompts.cursor.sample)
        return BatchLoader.Update(
            batches: batches, epoch: 0, endsEpoch: cursor.epoch > first, numBatchesDone: end)
    }

    private mutating func generation() throws -> [Int] {
        // The rest of one epoch, and the next one from its beginning.
        for _ in 0..<2 {
            if let batch = try prompts.next().batches.first, batch.count == plan.numPrompts { return batch }
        }
        throw plan.tooFewPrompts("and an epoch of the stream has fewer")
    }
}
