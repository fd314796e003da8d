import Foundation
public import Media
public import NN
public import Torch

// The vision tower of Qwen2.5-VL (transformers modeling_qwen2_5_vl.py). Shapes: N patches, D hidden, H heads, d head dim.

/// Full attention inside segments with 2-D rotary positions.
final class VisionAttention: Module {
    let qkv: LinearSlot
    let output: LinearSlot
    private let numHeads: Int

    init(_ config: VisionConfig) {
        numHeads = config.numHeads
        qkv = LinearSlot(config.hiddenSize, 3 * config.hiddenSize, bias: true)
        output = LinearSlot(config.hiddenSize, config.hiddenSize, bias: true)
    }

    var members: [Member] { [.linear("qkv", qkv), .linear("proj", output)] }

    func callAsFunction(_ x: ProjectionInput, rotary: VisionLayout.Rotary, offsets: [Int]) -> Tensor {
        let hidden = output.layer.inFeatures, d = hidden / numHeads
        let qkv_NHd = qkv(x).reshape(-1, 3 * numHeads, d)
        let q_NHd = qkv_NHd.narrow(1, 0, numHeads).rotary(cos: rotary.cos, sin: rotary.sin)
        let k_NHd = qkv_NHd.narrow(1, numHeads, numHeads).rotary(cos: rotary.cos, sin: rotary.sin)
        let v_NHd = qkv_NHd.narrow(1, 2 * numHeads, numHeads)
        let out_NHd = q_NHd.segmentAttention(
            k_NHd, v_NHd, offsets: offsets, causal: false, scale: 1 / Double(d).squareRoot())
        return output(out_NHd.reshape(-1, hidden))
    }
}

final class VisionBlock: Module {
    let firstNorm: RMSNorm
    let secondNorm: RMSNorm
    let attention: VisionAttention
    let mlp: GatedMLP

    init(_ config: VisionConfig) {
        firstNorm = RMSNorm(config.hiddenSize, epsilon: 1e-6)
        secondNorm = RMSNorm(config.hiddenSize, epsilon: 1e-6)
        attention = VisionAttention(config)
        mlp = GatedMLP(hidden: config.hiddenSize, intermediate: config.intermediateSize, bias: true)
    }

    var members: [Member] {
        [.module("norm1", firstNorm), .module("norm2", secondNorm), .module("attn", attention), .module("mlp", mlp)]
    }

    func callAsFunction(_ x: Tensor, rotary: VisionLayout.Rotary, offsets: [Int]) -> Tensor {
        let h = x + attention(firstNorm.deferred(x), rotary: rotary, offsets: offsets)
        return h + mlp(secondNorm.deferred(h))
    }
}

/// A patch as a vector: the convolution whose kernel is one patch.
final class PatchEmbedding: Module {
    let weight: Parameter

    init(_ config: VisionConfig) {
        weight = Parameter([
            config.hiddenSize, config.inChannels, config.temporalPatchSize, config.patchSize, config.patchSize,
        ])
    }

    var members: [Member] { [.parameter("proj.weight", weight)] }

    /// [N, patch values] -> [N, D].
    func callAsFunction(_ patches: Tensor) -> Tensor {
        let kernel = weight.value
        return patches.project([Projection(weight: kernel.reshape(weight.shape[0], -1))])[0]
    }
}

/// Merges 2 x 2 patches into one token of the language model.
final class PatchMerger: Module {
    let norm: RMSNorm
    let first: LinearSlot
    let second: LinearSlot
    private let width: Int

    init(_ config: VisionConfig) {
        width = config.hiddenSize * config.spatialMergeSize * config.spatialMergeSize
        norm = RMSNorm(config.hiddenSize, epsilon: 1e-6)
        first = LinearSlot(width, width, bias: true)
        second = LinearSlot(width, config.outHiddenSize, bias: true)
    }

    var members: [Member] { [.module("ln_q", norm), .linear("mlp.0", first), .linear("mlp.2", second)] }

    func callAsFunction(_ x: Tensor) -> Tensor { second(first(norm(x).reshape(-1, width)).gelu()) }
}

/// Patches -> tokens of the language model.
public final class VisionTower: Module {
    let patchEmbedding: PatchEmbedding
    let blocks: [VisionBlock]
    let merger: PatchMerger
    let config: VisionConfig

    init(_ config: VisionConfig) {
        self.config = config
        patchEmbedding = PatchEmbedding(config)
        blocks = (0..<config.depth).map { _ in VisionBlock(config) }
        merger = PatchMerger(config)
    }

    public var members: [Member] {
        [.module("patch_embed", patchEmbedding)] + blocks.enumerated().map { .module("blocks.\($0)", $1) } + [
            .module("merger", merger)
        ]
    }

    /// Patches [N, patch values] of `grids` -> [N / merge², out hidden], in the grids' order.
    public func callAsFunction(_ patches: Tensor, grids: [PatchGrid], recompute: Bool = false) -> Tensor {
        let layout = VisionLayout(grids, config)
        let unit = config.spatialMergeSize * config.spatialMergeSize
        var x = patchEmbedding(patches)
        // Windows become contiguous: the order moves whole 2 x 2 groups.
        let groups = x.size(0) / unit
        x = x.reshape(groups, -1).rows(layout.windowOrder).reshape(groups * unit, -1)
        for (index, block) in blocks.enumerated() {
            let offsets = config.fullAttentionBlocks.contains(index) ? layout.frameOffsets : layout.windowOffsets
            x =
                recompute
                ? recomputed(x) { block($0, rotary: layout.rotary, offsets: offsets) }
                : block(x, rotary: layout.rotary, offsets: offsets)
        }
        return merger(x).rows(layout.inverseOrder)
    }
}
