public import Torch

/// What can stand in a linear slot.
public protocol LinearLayer: Module {
    var inFeatures: Int { get }
    var outFeatures: Int { get }
    /// How this layer maps `x` [T, in], for a group of projections that is computed as one.
    func projection(of x: ProjectionInput) -> Projection
    /// Whether `projection(of:)` needs the input's values, so that they are worth making once for the whole group.
    var readsInput: Bool { get }
}

/// The place of a linear layer in its module; adapters replace what stands in it.
public final class LinearSlot {
    public var layer: any LinearLayer

    public init(_ layer: any LinearLayer) { self.layer = layer }

    public convenience init(_ inFeatures: Int, _ outFeatures: Int, bias: Bool) {
        self.init(Linear(inFeatures, outFeatures, bias: bias))
    }

    /// x [T, in] -> [T, out].
    public func callAsFunction(_ x: Tensor) -> Tensor { self(.plain(x)) }

    /// x [T, in] -> [T, out].
    public func callAsFunction(_ x: ProjectionInput) -> Tensor { project(x, self)[0] }
}

/// Several slots of one input, computed together.
public func project(_ x: ProjectionInput, _ slots: LinearSlot...) -> [Tensor] {
    let x = slots.contains { $0.layer.readsInput } ? .plain(x.value) : x
    return x.project(slots.map { $0.layer.projection(of: x) })
}

/// y = x W^T + b, for a plain weight or a packed one.
public final class Linear: LinearLayer {
    public let inFeatures: Int
    public let outFeatures: Int
    public let weight: Parameter
    public let bias: Parameter?
    /// What stands in the place of the weight since `pack`.
    public private(set) var packed: PackedWeight?

    public init(_ inFeatures: Int, _ outFeatures: Int, bias: Bool) {
        self.inFeatures = inFeatures
        self.outFeatures = outFeatures
        weight = Parameter([outFeatures, inFeatures])
        self.bias = bias ? Parameter([outFeatures]) : nil
    }

    public var members: [Member] {
        [.parameter("weight", weight)] + (bias.map { [.parameter("bias", $0)] } ?? [])
    }

    public var readsInput: Bool { false }

    public func projection(of x: ProjectionInput) -> Projection {
        packed?.projection(bias: bias?.value) ?? Projection(weight: weight.value, bias: bias?.value)
    }

    /// Packs the weight, which must be loaded and is given up: the layer is frozen from now on.
    public func pack(_ code: PackedWeight.Code, groupSize: Int = 64) {
        packed = PackedWeight(weight.value, code: code, groupSize: groupSize)
        weight.release()
    }

    /// Whether there is a weight, plain or packed.
    public var isLoaded: Bool { weight.tensor != nil || packed != nil }
}
