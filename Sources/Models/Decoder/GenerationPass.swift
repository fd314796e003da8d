import NN
public import Torch

/// What one pass of generation brings beside its tokens: where the keys and values of its sequences lie.
///
/// Shapes: T tokens, D hidden.
public struct GenerationPass {
    public var cache: PagedCache
    /// The sequences, whose rows are the segments of the input.
    public var batch: PagedBatch
    /// For each row the length that decides its rotation's base where that grows with the length (dynamic scaling).
    public var lengths: [Int]
    /// Rows of the embedded input that are replaced (image tokens), int64 [n], by features [n, D].
    public var features: [(rows: Tensor, values: Tensor)]

    public init(cache: PagedCache, batch: PagedBatch, lengths: [Int], features: [(rows: Tensor, values: Tensor)] = []) {
        self.cache = cache
        self.batch = batch
        self.lengths = lengths
        self.features = features
    }
}

extension LanguageModel {
    /// Final hidden states [T, D] of the next tokens of several sequences, whose keys and values are written into the
    /// cache; no gradient. `input.offsets` are the sequences' first rows and the total.
    public func hiddenStates(_ input: ModelInput, pass: GenerationPass) -> Tensor {
        noGrad {
            var x = decoder.embedding(input.tokenIDs)
            for (rows, values) in pass.features { x = x.replacingRows(at: rows, with: values.to(x.dtype)) }
            return decoder.generate(x, positions: input.positions, pass)
        }
    }

    /// Features [n, D] of images or videos: the tower's output, one row a token that stands for them.
    public func features(_ media: VisionInput) -> Tensor {
        guard let vision else { return Tensor.undefined }
        return noGrad {
            vision(media.patches.to(decoder.embedding.weight.value.dtype), grids: media.grids, recompute: false)
        }
    }

    /// Logits [T, V] in fp32 of hidden states [T, D], for choosing tokens.
    public func nextTokenLogits(_ hidden: Tensor) -> Tensor {
        hidden.logits(packedOutput?.projection() ?? Projection(weight: outputWeight))
    }

    /// The dtype that generation computes in.
    public var embeddingDType: DType { decoder.embedding.weight.value.dtype }

    /// A cache for this model's keys and values.
    public func pagedCache(numBlocks: Int) -> PagedCache {
        PagedCache(
            numLayers: config.text.numLayers, numBlocks: numBlocks, numKeyValueHeads: config.text.numKeyValueHeads,
            headDim: config.text.headDim, dtype: decoder.embedding.weight.value.dtype)
    }
}

// The forward pass of generation. It computes what the pass of training computes, with other operators: a graph is never
// wanted, a few rows are the rule, and keys and values lie in a paged cache.

extension Decoder {
    func generate(_ embedded: Tensor, positions: [[Int]], _ pass: GenerationPass) -> Tensor {
        let rotary = RotaryTable(config.rope, headDim: config.headDim, positions: positions, lengths: pass.lengths)
        var x = embedded
        for (index, layer) in layers.enumerated() { x = layer.generate(x, rotary, pass, layer: index) }
        return norm(x)
    }
}

extension DecoderLayer {
    func generate(_ x: Tensor, _ rotary: RotaryTable, _ pass: GenerationPass, layer: Int) -> Tensor {
        let h = x + attention.generate(inputNorm(x), rotary, pass, layer: layer)
        return h + mlp.generate(postAttentionNorm(h))
    }
}

extension Attention {
    func generate(_ x: Tensor, _ rotary: RotaryTable, _ pass: GenerationPass, layer: Int) -> Tensor {
        let qkv = x.inferProject([q, k, v].map { $0.layer.projection(of: .plain(x)) })
        let out = pass.cache.attend(
            layer: layer, q: qkv[0], k: qkv[1], v: qkv[2], cos: rotary.cos, sin: rotary.sin, batch: pass.batch,
            scale: 1 / Double(config.headDim).squareRoot())
        return out.inferProject([o.layer.projection(of: .plain(out))])[0]
    }
}

extension GatedMLP {
    func generate(_ x: Tensor) -> Tensor {
        let inner = x.inferGated(gate: gate.layer.projection(of: .plain(x)), up: up.layer.projection(of: .plain(x)))
        return inner.inferProject([down.layer.projection(of: .plain(inner))])[0]
    }
}
