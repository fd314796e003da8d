public import NN
import Torch

// Shapes: T tokens, D hidden, H heads, K key-value heads, d head dim.

/// Grouped-query attention with rotary positions.
final class Attention: Module {
    let q: LinearSlot, k: LinearSlot, v: LinearSlot, o: LinearSlot
    let config: TextConfig

    init(_ config: TextConfig) {
        self.config = config
        let inner = config.numHeads * config.headDim, innerKV = config.numKeyValueHeads * config.headDim
        q = LinearSlot(config.hiddenSize, inner, bias: config.hasQKVBias)
        k = LinearSlot(config.hiddenSize, innerKV, bias: config.hasQKVBias)
        v = LinearSlot(config.hiddenSize, innerKV, bias: config.hasQKVBias)
        o = LinearSlot(inner, config.hiddenSize, bias: config.hasOutputBias)
    }

    var members: [Member] { [.linear("q_proj", q), .linear("k_proj", k), .linear("v_proj", v), .linear("o_proj", o)] }

    /// x [T, D] -> [T, D].
    func callAsFunction(_ x: ProjectionInput, _ context: DecoderContext) -> Tensor {
        let d = config.headDim
        let qkv = project(x, q, k, v)
        let q_THd = qkv[0].reshape(-1, config.numHeads, d).rotary(cos: context.rotary.cos, sin: context.rotary.sin)
        let k_TKd = qkv[1].reshape(-1, config.numKeyValueHeads, d).rotary(
            cos: context.rotary.cos, sin: context.rotary.sin)
        let v_TKd = qkv[2].reshape(-1, config.numKeyValueHeads, d)
        let scale = 1 / Double(d).squareRoot()
        let out_THd =
            context.sharing?.attention(q_THd, k_TKd, v_TKd, scale: scale)
            ?? q_THd.segmentAttention(k_TKd, v_TKd, offsets: context.offsets, causal: true, scale: scale)
        return o(out_THd.reshape(-1, config.numHeads * d))
    }
}

/// down(silu(gate(x)) · up(x)).
final class GatedMLP: Module {
    let gate: LinearSlot, up: LinearSlot, down: LinearSlot

    init(hidden: Int, intermediate: Int, bias: Bool) {
        gate = LinearSlot(hidden, intermediate, bias: bias)
        up = LinearSlot(hidden, intermediate, bias: bias)
        down = LinearSlot(intermediate, hidden, bias: bias)
    }

    var members: [Member] { [.linear("gate_proj", gate), .linear("up_proj", up), .linear("down_proj", down)] }

    func callAsFunction(_ x: ProjectionInput) -> Tensor {
        let gateUp = project(x, gate, up)
        return down(.gated(gateUp[0], up: gateUp[1]))
    }
}

/// One pre-norm transformer layer.
final class DecoderLayer: Module {
    let attention: Attention
    let mlp: GatedMLP
    let inputNorm: RMSNorm
    let postAttentionNorm: RMSNorm

    init(_ config: TextConfig) {
        attention = Attention(config)
        mlp = GatedMLP(hidden: config.hiddenSize, intermediate: config.intermediateSize, bias: config.hasMLPBias)
        inputNorm = RMSNorm(config.hiddenSize, epsilon: config.rmsNormEpsilon)
        postAttentionNorm = RMSNorm(config.hiddenSize, epsilon: config.rmsNormEpsilon)
    }

    var members: [Member] {
        [
            .module("self_attn", attention), .module("mlp", mlp), .module("input_layernorm", inputNorm),
            .module("post_attention_layernorm", postAttentionNorm),
        ]
    }

    func callAsFunction(_ x: Tensor, _ context: DecoderContext) -> Tensor {
        let h = x + attention(inputNorm.deferred(x), context)
        return h + mlp(postAttentionNorm.deferred(h))
    }
}

/// What all layers of one forward pass share.
struct DecoderContext {
    let rotary: RotaryTable
    let offsets: [Int]
    let sharing: PrefixSharing?
}

/// The language model without its output layer: embeddings -> layers -> final norm.
public final class Decoder: Module {
    public let embedding: Embedding
    let layers: [DecoderLayer]
    let norm: RMSNorm
    let config: TextConfig

    init(_ config: TextConfig) {
        self.config = config
        embedding = Embedding(config.vocabularySize, config.hiddenSize)
        layers = (0..<config.numLayers).map { _ in DecoderLayer(config) }
        norm = RMSNorm(config.hiddenSize, epsilon: config.rmsNormEpsilon)
    }

    public var members: [Member] {
        [.module("embed_tokens", embedding)] + layers.enumerated().map { .module("layers.\($0)", $1) } + [
            .module("norm", norm)
        ]
    }

    /// Embedded tokens [T, D] -> normalised hidden states [T, D].
    func callAsFunction(
        _ embedded: Tensor, positions: [[Int]], offsets: [Int], sharing: PrefixSharing?, recompute: Bool
    ) -> Tensor {
        let context = DecoderContext(
            rotary: RotaryTable(config.rope, headDim: config.headDim, positions: positions, offsets: offsets),
            offsets: offsets, sharing: sharing)
        var x = embedded
        for layer in layers { x = recompute ? recomputed(x) { layer($0, context) } : layer(x, context) }
        return norm(x)
    }
}
