import Foundation
public import Torch

/// A frozen linear layer with a trainable low-rank update: y = base(x) + scale · (dropout(x) A^T) B^T.
/// Hu et al. 2021; initialisation and names as PEFT's `lora.Linear`.
public final class LoRALinear: LinearLayer {
    public let base: Linear
    public let rank: Int
    public let scale: Double
    public let dropout: Double
    /// Dropout acts only while this is set.
    public var isTraining = false
    /// Whether the update is added; without it the layer is its base.
    public var isEnabled = true
    /// [rank, in].
    public let a: Parameter
    /// [out, rank].
    public let b: Parameter

    /// A drawn from U(±1/√in) (Kaiming uniform with a = √5), B zero. Without weights (planning) nothing is drawn.
    public init(_ base: Linear, rank: Int, alpha: Double, dropout: Double, rankStabilized: Bool = false) {
        self.base = base
        self.rank = rank
        self.dropout = dropout
        scale = rankStabilized ? alpha / Double(rank).squareRoot() : alpha / Double(rank)
        a = Parameter([rank, base.inFeatures])
        b = Parameter([base.outFeatures, rank])
        guard base.isLoaded else { return }
        let bound = 1 / Double(base.inFeatures).squareRoot()
        a.set(Tensor.uniform(a.shape, -bound, bound))
        b.set(Tensor.zeros(b.shape))
    }

    public var inFeatures: Int { base.inFeatures }
    public var outFeatures: Int { base.outFeatures }

    public var members: [Member] {
        base.members + [.parameter("lora_A.weight", a), .parameter("lora_B.weight", b)]
    }

    public var readsInput: Bool { isEnabled && isTraining && dropout > 0 }

    public func projection(of x: ProjectionInput) -> Projection {
        var projection = base.projection(of: x)
        projection.lora = isEnabled ? (a.value, b.value, scale) : nil
        projection.loraInput = readsInput ? x.value.dropout(dropout) : nil
        return projection
    }

    /// W + scale · B A, in W's dtype, computed in fp32.
    public func mergedWeight() -> Tensor {
        let weight = base.weight.value
        return (weight.to(.float32) + b.value.to(.float32).matmul(a.value.to(.float32)) * scale).to(weight.dtype)
    }
}
