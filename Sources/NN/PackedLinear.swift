public import Torch

/// A linear layer whose weight is packed or quantized: for generation, without gradients.
public final class PackedLinear: LinearLayer {
    /// The layer this was made from, without its weight.
    public let base: Linear
    public let weight: PackedWeight

    /// Takes the weight of `base`, which must be loaded, away.
    public init(_ base: Linear, code: PackedWeight.Code, groupSize: Int = 64) {
        self.base = base
        weight = PackedWeight(base.weight.value, code: code, groupSize: groupSize)
        base.weight.release()
    }

    public var inFeatures: Int { base.inFeatures }
    public var outFeatures: Int { base.outFeatures }
    public var members: [Member] { base.members }
    public var readsInput: Bool { false }

    public func projection(of x: ProjectionInput) -> Projection { weight.projection(bias: base.bias?.value) }
}
