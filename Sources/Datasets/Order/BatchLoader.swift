/// Goes through the samples of a run batch by batch; it can go on from any place.
public struct BatchLoader: Sendable {
    /// A place in a run, to be saved with a checkpoint.
    public struct Cursor: Sendable, Hashable, Codable {
        /// The epoch, from 0.
        public var epoch: Int
        /// The batches of that epoch that were given out.
        public var batch: Int
        /// Streaming: the next sample of that epoch.
        public var sample: Int?

        /// A place; the beginning of the run when nothing is given.
        public init(epoch: Int = 0, batch: Int = 0, sample: Int? = nil) {
            self.epoch = epoch
            self.batch = batch
            self.sample = sample
        }
    }

    /// The samples of one update.
    public struct Update: Sendable, Hashable {
        /// The batches to accumulate gradients over, each of sample indices.
        public let batches: [[Int]]
        /// The epoch they belong to, from 0.
        public let epoch: Int
        /// Whether they are the last of their epoch.
        public let endsEpoch: Bool
        /// Batches of the epoch that are given out, these included.
        public let numBatchesDone: Int

        /// An update.
        public init(batches: [[Int]], epoch: Int, endsEpoch: Bool, numBatchesDone: Int) {
            self.batches = batches
            self.epoch = epoch
            self.endsEpoch = endsEpoch
            self.numBatchesDone = numBatchesDone
        }
    }

    /// The order of the samples.
    public let order: SampleOrder
    /// Samples of a batch; the last of an epoch may have fewer.
    public let batchSize: Int
    /// Batches of an update; the last of an epoch may have fewer.
    public let accumulation: Int
    /// Which batches are this process's.
    public let share: BatchShare
    /// Where the next update begins.
    public private(set) var cursor: Cursor
    /// The samples of the epoch in order, filled up for the share.
    private var indices: [Int]

    /// - Throws: `DataError` when there are no samples, or the cursor is of another run.
    public init(
        order: SampleOrder, batchSize: Int, accumulation: Int, share: BatchShare = .whole, cursor: Cursor = Cursor()
    ) throws(DataError) {
        guard order.count > 0 else { throw DataError("there are no samples to train on") }
        guard batchSize > 0, accumulation > 0 else { throw DataError("batch size and accumulation must be at least 1") }
        self.order = order
        self.batchSize = batchSize
        self.accumulation = accumulation
        self.share = share
        self.cursor = cursor
        indices = []
        guard cursor.epoch >= 0, (0...numBatches).contains(cursor.batch) else {
            throw DataError(
                "the saved place (epoch \(cursor.epoch), batch \(cursor.batch)) is not one of \(numBatches) batches")
        }
        if cursor.batch == numBatches { self.cursor = Cursor(epoch: cursor.epoch + 1) }
        indices = share.filled(order.indices(epoch: self.cursor.epoch), batchSize: batchSize)
    }

    /// This process's batches of an epoch.
    public var numBatches: Int { share.numBatches(numSamples: order.count, batchSize: batchSize) }

    /// Updates of an epoch; the last may have fewer batches (transformers 5's rule: rounded up).
    public var numUpdates: Int { (numBatches + accumulation - 1) / accumulation }

    /// Gives out the batches of the next update, and moves on.
    public mutating func next() -> Update {
        let last = min(cursor.batch + accumulation, numBatches)
        let batches = (cursor.batch..<last).map { batch in
            Array(indices[share.places(ofBatch: batch, batchSize: batchSize, numSamples: indices.count)])
        }
        let update = Update(batches: batches, epoch: cursor.epoch, endsEpoch: last == numBatches, numBatchesDone: last)
        if update.endsEpoch {
            cursor = Cursor(epoch: cursor.epoch + 1)
            indices = share.filled(order.indices(epoch: cursor.epoch), batchSize: batchSize)
        } else {
            cursor.batch = last
        }
        return update
    }
}
