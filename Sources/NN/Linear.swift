public import Torch

/// What can stand in a linear slot.
public protocol LinearLayer: Module {
    var inFeatures: Int { get }
    var outFeatures: Int { get }
    /// How this layer maps `x` [T, in], for a group of projections that is computed as one.
    func projection(of x: Tensor) -> Projection
}

/// The place of a linear layer in its module; adapters and quantization replace what stands in it.
public final class LinearSlot {
    public var layer: any LinearLayer

    public init(_ layer: any LinearLayer) { self.layer = layer }

    public convenience init(_ inFeatures: Int, _ outFeatures: Int, bias: Bool) {
        self.init(Linear(inFeatures, outFeatures, bias: bias))
    }

    /// x [T, in] -> [T, out].
    public func callAsFunction(_ x: Tensor) -> Tensor { x.project([layer.projection(of: x)])[0] }
}

/// Several slots of one input, computed together.
public func project(_ x: Tensor, _ slots: LinearSlot...) -> [Tensor] {
    x.project(slots.map { $0.layer.projection(of: x) })
}

/// y = x W^T + b.
public final class Linear: LinearLayer {
    public let inFeatures: Int
    public let outFeatures: Int
    public let weight: Parameter
    public let bias: Parameter?

    public init(_ inFeatures: Int, _ outFeatures: Int, bias: Bool) {
        self.inFeatures = inFeatures
        self.outFeatures = outFeatures
        weight = Parameter([outFeatures, inFeatures])
        self.bias = bias ? Parameter([outFeatures]) : nil
    }

    public var members: [Member] {
        [.parameter("weight", weight)] + (bias.map { [.parameter("bias", $0)] } ?? [])
    }

    public func projection(of x: Tensor) -> Projection { Projection(weight: weight.value, bias: bias?.value) }
}
