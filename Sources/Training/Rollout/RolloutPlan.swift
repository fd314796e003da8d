import Datasets
import RunConfig

/// How prompts become updates, by TRL's rule: a generation is answers to so many prompts, cut into batches each of which is
/// gone through several times; an update takes some of those batches.
struct RolloutPlan: Sendable, Equatable {
    /// Different prompts of a generation.
    let numPrompts: Int
    /// Answers to each.
    let groupSize: Int
    /// Batches of a generation.
    let numSlices: Int
    /// Passes over a generation.
    let numIterations: Int
    /// Batches of an update.
    let accumulation: Int

    init(numPrompts: Int, groupSize: Int, numSlices: Int, numIterations: Int, accumulation: Int) {
        self.numPrompts = numPrompts
        self.groupSize = groupSize
        self.numSlices = numSlices
        self.numIterations = numIterations
        self.accumulation = accumulation
    }

    init(_ config: RunConfig) {
        let own = config.reinforcement
        if config.tuning.stage == .ppo {
            // One answer a prompt; all of a step's answers are learned from within the step.
            let numBatches = config.training.gradientAccumulationSteps * config.tuning.ppoBufferSize
            self.init(
                numPrompts: config.training.perDeviceTrainBatchSize * numBatches, groupSize: 1, numSlices: numBatches,
                numIterations: 1, accumulation: numBatches)
            return
        }
        self.init(
            numPrompts: max(1, config.generationSize / own.numGenerations), groupSize: own.numGenerations,
            numSlices: config.stepsPerGeneration, numIterations: own.numIterations,
            accumulation: config.training.gradientAccumulationSteps)
    }

    /// What to do about data that fill no generation.
    func tooFewPrompts(_ supply: String) -> TrainingError {
        let remedy =
            groupSize > 1
            ? "per_device_train_batch_size or steps_per_generation, or raise num_generations"
            : "per_device_train_batch_size, gradient_accumulation_steps or ppo_buffer_size"
        return TrainingError("a generation needs \(numPrompts) prompts, \(supply): lower \(remedy)")
    }

    /// Batches that come of one generation.
    var batchesPerGeneration: Int { numSlices * numIterations }
    /// Batches of an epoch over so many prompts; prompts that fill no generation are left out.
    func numBatches(numSamples: Int) -> Int { numSamples / numPrompts * batchesPerGeneration }
    /// Whether answers are learned from by a policy that has changed since it wrote them.
    var needsOldPolicy: Bool { accumulation % batchesPerGeneration != 0 }
}

/// Gives out the prompts of the generations that begin in an update.
struct RolloutLoader: UpdateSource {
    let order: SampleOrder
    let plan: RolloutPlan
    private(set) var cursor: BatchLoader.Cursor

    /// - Throws: when there are fewer prompts than a generation needs.
    init(order: SampleOrder, plan: RolloutPlan, cursor: BatchLoader.Cursor) throws {
        guard plan.numBatches(numSamples: order.count) > 0 else {
            throw plan.tooFewPrompts("the data have \(order.count)")
        }
        self.order = order
        self.plan = plan
        self.cursor = cursor
    }

    mutating func next() -> BatchLoader.Update {
        let count = plan.numBatches(numSamples: order.count), size = plan.batchesPerGeneration
        let first = cursor.batch, end = min(first + plan.accumulation, count)
        let indices = order.indices(epoch: cursor.epoch)
        let batches = (first..<end).filter { $0 % size == 0 }.map { batch in
            Array(indices[(batch / size * plan.numPrompts)..<((batch / size + 1) * plan.numPrompts)])
        }
        let update = BatchLoader.Update(
            batches: batches, epoch: cursor.epoch, endsEpoch: end == count, numBatchesDone: end)
        cursor = end == count ? BatchLoader.Cursor(epoch: cursor.epoch + 1) : .init(epoch: cursor.epoch, batch: end)
        return update
    }
}
