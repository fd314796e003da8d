public import Torch

/// A linear layer whose weight has 8 or 4 bits: for generation, without gradients.
public final class QuantizedLinear: LinearLayer {
    /// The layer this was made from, without its weight.
    public let base: Linear
    public let weight: QuantizedWeight

    /// Takes the weight of `base`, which must be loaded, away.
    public init(_ base: Linear, code: QuantizedWeight.Code, groupSize: Int = 64) {
        self.base = base
        weight = QuantizedWeight(base.weight.value, code: code, groupSize: groupSize)
        base.weight.release()
    }

    public var inFeatures: Int { base.inFeatures }
    public var outFeatures: Int { base.outFeatures }
    public var members: [Member] { base.members }
    public var readsInput: Bool { false }

    public func projection(of x: ProjectionInput) -> Projection { weight.projection(bias: base.bias?.value) }
}
