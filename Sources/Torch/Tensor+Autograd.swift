import CTorch

extension Tensor {
    /// Whether a gradient is collected for this leaf.
    public var requiresGrad: Bool {
        get { ct_requires_grad(handle) }
        set { ct_set_requires_grad(handle, newValue) }
    }

    /// The collected gradient, shared memory.
    public var grad: Tensor? {
        guard let gradient = ct_grad(handle) else { return nil }
        return Tensor(gradient)
    }

    public func clearGrad() { ct_clear_grad(handle) }

    /// Gives this leaf a gradient of zeros, so that its memory lies apart from that of the steps' tensors.
    public func makeGrad() { ct_make_grad(handle) }

    /// Adds the gradients of this scalar (or of `gradient` · self) to the leaves.
    public func backward(_ gradient: Tensor? = nil) { ct_backward(handle, gradient?.handle ?? nil) }
}

/// Runs `body` without recording a graph.
public func noGrad<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = ct_grad_enabled()
    ct_set_grad_enabled(false)
    defer { ct_set_grad_enabled(before) }
    return try body()
}

/// Whether operators record a graph on this thread.
public var isGradEnabled: Bool { ct_grad_enabled() }

/// Runs `segment` on `input` and keeps only the input for the backward pass, which runs the segment again (gradient
/// checkpointing). Random draws of the second run repeat the first's. Without a graph it is a plain call.
public func recomputed(_ input: Tensor, _ segment: @escaping (Tensor) -> Tensor) -> Tensor {
    guard ct_grad_enabled() else { return segment(input) }
    final class Box {
        let segment: (Tensor) -> Tensor
        init(_ segment: @escaping (Tensor) -> Tensor) { self.segment = segment }
    }
    let context = Unmanaged.passRetained(Box(segment)).toOpaque()
    return Tensor(
        ct_recompute(
            input.handle,
            { context, handle in
                guard let context else { return nil }
                let result = Unmanaged<Box>.fromOpaque(context).takeUnretainedValue().segment(Tensor(ct_retain(handle)))
                return withExtendedLifetime(result) { ct_retain(result.handle) }
            },
            { context in
                if let context { Unmanaged<Box>.fromOpaque(context).release() }
            }, context))
}
