public import Torch

/// Root-mean-square norm with a learned scale.
public final class RMSNorm: Module {
    public let weight: Parameter
    public let epsilon: Double

    public init(_ size: Int, epsilon: Double) {
        weight = Parameter([size])
        self.epsilon = epsilon
    }

    public var members: [Member] { [.parameter("weight", weight)] }

    /// [..., size] -> the same.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.rmsNorm(weight.value, epsilon: epsilon) }

    /// The norm of x [T, size] for projections that make it themselves.
    public func deferred(_ x: Tensor) -> ProjectionInput {
        .normalized(x, weight: weight.value, epsilon: epsilon)
    }
}

/// A table of one row a token.
public final class Embedding: Module {
    public let weight: Parameter

    public init(_ count: Int, _ size: Int) { weight = Parameter([count, size]) }

    public var members: [Member] { [.parameter("weight", weight)] }

    /// int64 ids [T] -> [T, size].
    public func callAsFunction(_ ids: Tensor) -> Tensor { weight.value.embedding(ids) }
}
