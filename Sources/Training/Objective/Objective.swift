public import Models
public import Torch

/// What a stage minimises.
///
/// The contract: the weights of `PackData` already hold the normalisation over the whole step, so that the losses of the
/// packs of a step add up to the step's loss, whatever the split into packs.
public protocol Objective {
    /// The pack's share of the step's loss: a scalar with a graph when gradients are on, and how many labels had the
    /// largest logit.
    func loss(of pack: PackData, model: LanguageModel, options: ForwardOptions) -> (loss: Tensor, numHits: Int)
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
