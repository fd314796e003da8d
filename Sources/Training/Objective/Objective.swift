public import Models
public import Torch

/// What a stage minimises.
///
/// The contract: the weights of `PackData` already hold the normalisation over the whole step, so that the losses of the
/// packs of a step add up to the step's loss, whatever the split into packs.
public protocol Objective {
    /// Whether adapters drop inputs while training; preference losses compare two passes and go without.
    var usesDropout: Bool { get }

    /// Whether samples that fill up the last batches of an evaluation, where several processes share it, count in its curves.
    var countsRepeats: Bool { get }

    /// The pack's share of the step's loss, with a graph when gradients are on.
    func loss(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> PackLoss

    /// Makes what a step learns from of what the data bring, on the tensor thread: stages whose answers the policy writes
    /// generate and judge them here.
    ///
    /// - Parameter step: updates that were made before.
    func experience(of data: StepData, step: Int, model: LanguageModel, options: ForwardOptions) throws -> StepData

    /// Makes what an evaluation measures of what its data bring, on the tensor thread, without changing what is learned from:
    /// the loss of its packs is the evaluation's, its curves are logged beside it.
    ///
    /// - Parameter first: number of the data's first sample in its set.
    func evaluation(of data: StepData, first: Int, model: LanguageModel, options: ForwardOptions) throws -> StepData

    /// Writes what outlives a step, beyond `state`, into a checkpoint's folder.
    func save(to folder: String) throws
    /// Reads what `save` wrote.
    func load(from folder: String) throws

    /// Numbers that outlive a step and are saved with a checkpoint.
    var state: [String: Double] { get }
    func restore(_ state: [String: Double])
}

extension Objective {
    public var usesDropout: Bool { true }
    public var countsRepeats: Bool { true }
    public func experience(of data: StepData, step: Int, model: LanguageModel, options: ForwardOptions) throws
        -> StepData
    {
        data
    }
    public func evaluation(of data: StepData, first: Int, model: LanguageModel, options: ForwardOptions) throws
        -> StepData
    {
        data
    }
    public func save(to folder: String) throws {}
    public func load(from folder: String) throws {}
    public var state: [String: Double] { [:] }
    public func restore(_ state: [String: Double]) {}
}

/// How a forward pass is computed.
public struct ForwardOptions: Sendable {
    public var compute: DType
    /// Layers keep only their input for the backward pass.
    public var recompute: Bool

    public init(compute: DType, recompute: Bool) {
        self.compute = compute
        self.recompute = recompute
    }
}
