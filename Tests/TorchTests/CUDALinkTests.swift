import Testing

@testable import Torch

/// A dry link: everything that the CUDA path takes from LibTorch is there, on a machine without a GPU. It needs a CUDA build
/// of LibTorch in .deps (TORCH_PATH=…/site-packages/torch Tools/bootstrap.sh) and is shown as skipped without one.
struct CUDALinkTests {
    static let whyNot = ComposedOperators.openLibraries()

    /// Operators that only CUDA tensors meet.
    static let onlyCUDA = [
        "aten::_flash_attention_forward.", "aten::_flash_attention_backward.", "aten::_fused_rms_norm.",
        "aten::_fused_rms_norm_backward.", "aten::_fused_adamw_.", "aten::_to_copy.", "aten::copy_.",
        "aten::empty.memory_format",
        "aten::_local_scalar_dense.", "aten::_scaled_dot_product_efficient_attention.",
        "aten::_scaled_dot_product_efficient_attention_backward.", "aten::native_dropout.",
        "aten::native_dropout_backward.",
        "aten::normal_.", "aten::uniform_.", "aten::linalg_vector_norm.",
    ]

    @Test(.enabled(if: whyNot == nil, "\(whyNot ?? "")"))
    func `every operator and symbol of the CUDA path is in the CUDA libraries`() throws {
        try TensorThread.cpu.run {
            #expect(ComposedOperators.missingSymbols == [])
            #expect(ComposedOperators.missingKernels(Self.onlyCUDA) == [])
            // The check sees what is missing.
            #expect(ComposedOperators.missingKernels(["aten::mkldnn_linear.", "aten::no_such."]).count == 2)
            ComposedOperators.record()
            try ComposedOperators.use { try Self.useEverything() }
            // What scaled_dot_product_attention chooses on a CPU is not chosen on CUDA.
            let operators = ComposedOperators.recorded.filter { !$0.contains("_for_cpu") }
            #expect(operators.count > 50)
            #expect(ComposedOperators.missingKernels(operators) == [])
        }
    }

    /// Each composed operator once, forward and backward.
    private static func useEverything() throws {
        try scope {
            let (rows, heads, groups, size) = (20, 4, 2, 16)
            func leaf(_ shape: Int...) -> Tensor {
                let values = Tensor.empty(shape)
                values.fillNormal()
                let leaf = values.to(.bfloat16)
                leaf.requiresGrad = true
                return leaf
            }
            let x = leaf(rows, heads * size), norm = leaf(heads * size), wide = leaf(heads * size, heads * size)
            let narrow = leaf(groups * size, heads * size), a = leaf(3, heads * size), b = leaf(heads * size, 3)
            let table = leaf(50, heads * size), angles = Tensor.ones([rows, size])
            let input = ProjectionInput.normalized(x, weight: norm, epsilon: 1e-6)
            let made = input.project([
                Projection(weight: wide, bias: norm, lora: (a, b, 2), loraInput: x.dropout(0.1)),
                Projection(weight: narrow, lora: nil), Projection(weight: narrow),
            ])
            let q = made[0].reshape(rows, heads, size).rotary(cos: angles, sin: angles)
            let k = made[1].reshape(rows, groups, size).rotary(cos: angles, sin: angles)
            let out = recomputed(q) { $0.dropout(0.1).silu() }.segmentAttention(
                k, made[2].reshape(rows, groups, size), offsets: [0, 7, 14, rows], causal: true, scale: 0.25)
            let hidden = ProjectionInput.gated(out.reshape(rows, -1), up: x).project([Projection(weight: wide)])[0]
                .rmsNorm(norm, epsilon: 1e-6)
            let labels = Tensor(Array(0..<rows))
            let loss = hidden.linearCrossEntropy(table, labels: labels, weights: Tensor.ones([rows])).select(0, 0)
            (loss + hidden.linearLogProbs(table, labels: labels).sum()).backward()
            _ = totalNorm([x, norm].compactMap(\.grad))
            let parameter = Tensor.ones([4])
            adamW(
                [parameter], gradients: [Tensor.ones([4])], first: [Tensor.zeros([4])], second: [Tensor.zeros([4])],
                step: 1, learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, gradientScale: 0.5
            )
            noGrad {
                let cache = PagedCache(
                    numLayers: 1, numBlocks: 4, numKeyValueHeads: groups, headDim: size, dtype: .bfloat16)
                for (count, length) in [(rows, rows), (1, rows + 1)] {
                    _ = cache.attend(
                        layer: 0, q: made[0][0..<count], k: made[1][0..<count], v: made[2][0..<count],
                        cos: angles[0..<count], sin: angles[0..<count], batch: PagedBatch([(count, length, [2, 0])]),
                        scale: 0.25)
                }
                cache.copy([(0, 1)])
                var projection = Projection(weight: wide)
                projection.adapters = [RowAdapter(a: a, b: b, rows: 2..<5)]
                _ = hidden.inferGated(gate: projection, up: projection)
                _ = hidden.logits(Projection(weight: table)).argmax().array(Int.self)
            }
        }
    }
}
