import CTorch

/// One of several projections of the same input: y = x W^T + b + scale (x' A^T) B^T.
public struct Projection {
    /// [out, in], or the bytes of a packed one.
    public var weight: Tensor
    /// [out].
    public var bias: Tensor?
    /// The low-rank pair: a [r, in], b [out, r].
    public var lora: (a: Tensor, b: Tensor, scale: Double)?
    /// x' when it is not x (the adapter's dropout).
    public var loraInput: Tensor?
    /// Adapters of some of the rows, for generation; they record no graph.
    public var adapters: [RowAdapter] = []
    /// How `weight` is encoded when it is packed; it is frozen then.
    public var encoding: PackedWeight.Encoding?

    public init(
        weight: Tensor, bias: Tensor? = nil, lora: (a: Tensor, b: Tensor, scale: Double)? = nil,
        loraInput: Tensor? = nil
    ) {
        self.weight = weight
        self.bias = bias
        self.lora = lora
        self.loraInput = loraInput
    }
}

/// What a group of projections reads: a tensor, or the recipe of one, which is made again in the backward pass instead of
/// being kept in memory.
public enum ProjectionInput {
    /// [T, in].
    case plain(Tensor)
    /// The root-mean-square norm of a tensor [T, in].
    case normalized(Tensor, weight: Tensor, epsilon: Double)
    /// silu(gate) * up, both [T, in].
    case gated(Tensor, up: Tensor)

    /// The input as a tensor of its own [T, in].
    public var value: Tensor {
        switch self {
        case .plain(let x): x
        case .normalized(let x, let weight, let epsilon): x.rmsNorm(weight, epsilon: epsilon)
        case .gated(let gate, let up): gate.swiglu(up)
        }
    }

    /// All `projections` of this input as one node of the graph.
    public func project(_ projections: [Projection]) -> [Tensor] {
        if projections.contains(where: { !$0.adapters.isEmpty }) { return value.inferProject(projections) }
        let input: ct_projection_input =
            switch self {
            case .plain(let x): ct_projection_input(kind: CT_INPUT_PLAIN, first: x.handle, second: nil, epsilon: 0)
            case .normalized(let x, let weight, let epsilon):
                ct_projection_input(
                    kind: CT_INPUT_NORMALIZED, first: x.handle, second: weight.handle, epsilon: epsilon)
            case .gated(let gate, let up):
                ct_projection_input(kind: CT_INPUT_GATED, first: gate.handle, second: up.handle, epsilon: 0)
            }
        let descriptions = projections.map {
            ct_projection(
                weight: $0.weight.handle, packing: $0.encoding?.description ?? ct_packing(),
                bias: $0.bias?.handle ?? nil, lora_a: $0.lora?.a.handle ?? nil,
                lora_b: $0.lora?.b.handle ?? nil, lora_input: $0.loraInput?.handle ?? nil,
                lora_scale: $0.lora?.scale ?? 0)
        }
        var outputs = [OpaquePointer?](repeating: nil, count: projections.count)
        withExtendedLifetime((self, projections)) {
            _ = descriptions.withUnsafeBufferPointer { descriptions in
                outputs.withUnsafeMutableBufferPointer { output in
                    ct_project(input, descriptions.baseAddress!, Int32(projections.count), output.baseAddress!)
                }
            }
        }
        return outputs.map { Tensor($0) }
    }
}

extension Tensor {
    /// All `projections` of this [T, in] input as one node of the graph.
    public func project(_ projections: [Projection]) -> [Tensor] { ProjectionInput.plain(self).project(projections) }

    /// Root-mean-square norm over the last dimension, as transformers' Qwen2RMSNorm.
    public func rmsNorm(_ weight: Tensor, epsilon: Double) -> Tensor {
        Tensor(ct_rms_norm(handle, weight.handle, epsilon))
    }

    /// Rotates this [T, H, d] by angles given as fp32 cos and sin [T, d].
    public func rotary(cos: Tensor, sin: Tensor) -> Tensor { Tensor(ct_rotary(handle, cos.handle, sin.handle)) }

    /// silu(self) * up.
    public func swiglu(_ up: Tensor) -> Tensor { Tensor(ct_swiglu(handle, up.handle)) }

    /// Attention of queries [T, H, d] to keys and values [T, K, d] inside segments; `offsets` are the segments' first
    /// rows and the total.
    public func segmentAttention(_ keys: Tensor, _ values: Tensor, offsets: [Int], causal: Bool, scale: Double)
        -> Tensor
    {
        let table = offsets.map(Int64.init)
        return Tensor(
            table.withUnsafeBufferPointer {
                ct_segment_attention(
                    handle, keys.handle, values.handle, $0.baseAddress!, Int32(offsets.count - 1), causal, scale)
            })
    }

    /// Weighted cross-entropy of this [N, D] against `labels` (int64 [N]) through the output layer `weight` [V, D]:
    /// a tensor [2] of the weighted sum of losses and the number of labels that have the largest logit.
    public func linearCrossEntropy(_ weight: Tensor, labels: Tensor, weights: Tensor, blockRows: Int = 256) -> Tensor {
        Tensor(ct_linear_cross_entropy(handle, weight.handle, labels.handle, weights.handle, Int64(blockRows)))
    }
}

/// The 2-norm of all tensors together, in fp32.
public func totalNorm(_ tensors: [Tensor]) -> Double { withHandles(tensors) { ct_total_norm($0, $1) } }

/// One AdamW update of every parameter in place; all lists hold fp32 tensors of equal shapes, `step` counts from 1, and
/// gradients are multiplied by `gradientScale` first.
public func adamW(
    _ parameters: [Tensor], gradients: [Tensor], first: [Tensor], second: [Tensor], step: Int, learningRate: Double,
    beta1: Double,
    beta2: Double, epsilon: Double, weightDecay: Double, gradientScale: Double
) {
    withHandles(parameters) { p, count in
        withHandles(gradients) { g, _ in
            withHandles(first) { m, _ in
                withHandles(second) { v, _ in
                    ct_adamw(
                        p, g, m, v, count, Int64(step), learningRate, beta1, beta2, epsilon, weightDecay, gradientScale)
                }
            }
        }
    }
}
