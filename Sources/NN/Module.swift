public import Torch

/// A part of a model: a tree whose leaves are parameters.
///
/// Members are declared in checkpoint order with their checkpoint names, so that one walk serves loading, saving,
/// counting, freezing and adapter targets.
public protocol Module: AnyObject {
    var members: [Member] { get }
}

/// One named member of a module.
public enum Member {
    case parameter(String, Parameter)
    case module(String, any Module)
    /// A linear layer that may be replaced (by one with an adapter).
    case linear(String, LinearSlot)
}

/// A weight: its shape is known from the configuration, its tensor when a checkpoint is loaded.
public final class Parameter {
    public let shape: [Int]
    public private(set) var tensor: Tensor?
    /// Whether the optimizer changes it.
    public internal(set) var isTrainable = false

    public init(_ shape: [Int]) { self.shape = shape }

    public var count: Int { shape.reduce(1, *) }

    /// The tensor; an undefined one (which makes the step fail with the operator's name) before loading.
    public var value: Tensor { tensor ?? Tensor.undefined }

    /// Sets the tensor and forgets the gradient.
    public func set(_ tensor: Tensor) {
        precondition(tensor.shape == shape, "a parameter of shape \(shape) was given \(tensor.shape)")
        self.tensor = tensor
    }

    /// Forgets the tensor: something else stands for it now.
    func release() { tensor = nil }

    /// Makes the parameter a leaf that collects gradients, in fp32 (LLaMA-Factory: "Upcasting trainable params to
    /// float32") unless `keepsDType`.
    public func makeTrainable(keepsDType: Bool = false) {
        isTrainable = true
        guard let tensor else { return }
        let wanted = keepsDType ? tensor.dtype : .float32
        // A copy of its own: the loaded tensor is a view of a file.
        let leaf = tensor.dtype == wanted ? tensor.detach().clone() : tensor.detach().to(wanted)
        leaf.requiresGrad = true
        self.tensor = leaf
    }
}

extension Module {
    /// Every parameter below this module with its dotted path, in declaration order.
    public func parameters(prefix: String = "") -> [(path: String, parameter: Parameter)] {
        members.flatMap { member -> [(path: String, parameter: Parameter)] in
            switch member {
            case .parameter(let name, let parameter): [(prefix + name, parameter)]
            case .module(let name, let module): module.parameters(prefix: prefix + name + ".")
            case .linear(let name, let slot): slot.layer.parameters(prefix: prefix + name + ".")
            }
        }
    }

    /// Every replaceable linear layer with its dotted path, in declaration order.
    public func linears(prefix: String = "") -> [(path: String, slot: LinearSlot)] {
        members.flatMap { member -> [(path: String, slot: LinearSlot)] in
            switch member {
            case .parameter: []
            case .module(let name, let module): module.linears(prefix: prefix + name + ".")
            case .linear(let name, let slot): [(prefix + name, slot)]
            }
        }
    }
}
