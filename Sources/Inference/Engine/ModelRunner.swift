import Media
import Models
import Torch

/// Turns planned chunks into hidden states: the only part of the engine that touches tensors. Used on the tensor thread.
final class ModelRunner {
    let model: LanguageModel
    let adapters: ServedAdapters
    private let cache: PagedCache

    init(_ model: LanguageModel, numBlocks: Int) {
        self.model = model
        adapters = ServedAdapters(model)
        cache = model.pagedCache(numBlocks: numBlocks)
    }

    /// One chunk with what belongs to it.
    struct Item {
        let chunk: StepPlan.Chunk
        let state: SequenceState
        let running: RunningRequest
    }

    func copy(_ copies: [StepPlan.Copy]) {
        if !copies.isEmpty { cache.copy(copies.map { ($0.from, $0.to) }) }
    }

    /// Features of the media of a prompt from token `first` on; empty when there are none.
    func features(_ running: RunningRequest, from first: Int) throws -> [MediaFeatures] {
        guard let vision = model.config.vision else { return [] }
        let prompt = running.request.prompt
        return try [(vision.imageTokenID, prompt.images), (vision.videoTokenID, prompt.videos)].compactMap {
            id, media in
            guard !media.grids.isEmpty else { return nil }
            let tokens = prompt.tokenIDs.indices.filter { Int(prompt.tokenIDs[$0]) == id }
            guard let last = tokens.last, last >= first else { return nil }
            guard media.patches.count == media.grids.reduce(0, { $0 + $1.numPatches }) * vision.patchValues else {
                throw InferenceError("the pixels of the images do not fill their grids")
            }
            let values = try scope("reading the images") {
                let patches = Tensor(
                    media.patches, shape: [media.patches.count / vision.patchValues, vision.patchValues])
                let input = VisionInput(patches: patches, grids: media.grids, tokenRows: Tensor(tokens))
                return adapters.with(running.adapter.map { [(number: $0, rows: nil)] } ?? []) { model.features(input) }
            }
            guard values.size(0) == tokens.count else {
                throw InferenceError(
                    "the prompt has \(tokens.count) image tokens, the images give \(values.size(0)); does the template belong to the model?"
                )
            }
            return MediaFeatures(tokens: tokens, values: values)
        }
    }

    /// Final hidden states of the items' tokens, one item after another. Items of one adapter must be neighbours.
    func hiddenStates(_ items: [Item]) throws -> Tensor {
        var tokenIDs: [Int] = [], lengths: [Int] = [], offsets = [0]
        var positions = Array(repeating: [Int](), count: model.config.vision == nil ? 1 : 3)
        var sequences: [(numRows: Int, length: Int, table: [Int32])] = []
        var features: [(rows: Tensor, values: Tensor)] = []
        var parts: [(number: Int, rows: Range<Int>?)] = []
        for item in items {
            let range = item.chunk.range, first = tokenIDs.count
            tokenIDs += item.state.tokenIDs[range].map(Int.init)
            for axis in positions.indices { positions[axis] += range.map { item.running.position($0, axis: axis) } }
            lengths += range.map { max($0 + 1, item.state.numPromptTokens) }
            let rows = first..<tokenIDs.count
            offsets.append(rows.upperBound)
            let numBlocks = (range.upperBound + PagedCache.blockSize - 1) / PagedCache.blockSize
            sequences.append((range.count, range.upperBound, Array(item.state.table.prefix(numBlocks))))
            for media in item.running.features ?? [] {
                let begin = media.tokens.firstIndex { $0 >= range.lowerBound } ?? media.tokens.count
                let end = media.tokens.firstIndex { $0 >= range.upperBound } ?? media.tokens.count
                guard begin < end else { continue }
                let places = media.tokens[begin..<end].map { $0 - range.lowerBound + first }
                features.append((Tensor(places), media.values[begin..<end]))
            }
            if let adapter = item.running.adapter {
                if let last = parts.last, last.number == adapter, last.rows?.upperBound == rows.lowerBound {
                    parts[parts.count - 1].rows = (last.rows?.lowerBound ?? 0)..<rows.upperBound
                } else {
                    parts.append((adapter, rows))
                }
            }
        }
        let input = ModelInput(tokenIDs: Tensor(tokenIDs), positions: positions, offsets: offsets)
        let pass = GenerationPass(cache: cache, batch: PagedBatch(sequences), lengths: lengths, features: features)
        return try scope("generating") { adapters.with(parts) { model.hiddenStates(input, pass: pass) } }
    }

    /// The next token of each row, chosen from the logits of hidden states [n, D].
    func sample(_ hidden: Tensor, _ rows: [SamplingRow]) throws -> [(token: ScoredToken, likeliest: [ScoredToken])] {
        try scope("choosing tokens") { model.nextTokenLogits(hidden).sample(rows) }
    }

    /// Log-probabilities of `targets`, the tokens that follow the rows of `hidden`, and of the likeliest tokens there.
    func logprobs(_ hidden: Tensor, of targets: [Int32], numLikeliest: Int) throws -> [[TokenLogprob]] {
        var result: [[TokenLogprob]] = []
        // Few rows at a time: a row of logits is as long as the vocabulary.
        for first in stride(from: 0, to: targets.count, by: 64) {
            let rows = first..<min(first + 64, targets.count)
            let (scored, ranks) = try scope("scoring the prompt") {
                let logits = model.nextTokenLogits(hidden[rows]), targets = Array(targets[rows])
                return (logits.logprobs(of: targets, numLikeliest: numLikeliest), logits.ranks(of: targets))
            }
            for (tokens, rank) in zip(scored, ranks) {
                result.append(tokens.map(TokenLogprob.init))
                result[result.count - 1][0].rank = rank
            }
        }
        return result
    }

    /// Mean of the final hidden states of each prompt, of length one.
    func embed(_ prompts: [Prompt], adapter: Int?) throws -> [[Float]] {
        try noGrad {
            try prompts.map { prompt in
                let hidden = try scope("embedding") {
                    adapters.with(adapter.map { [(number: $0, rows: nil)] } ?? []) {
                        model.hiddenStates(ModelInput([prompt], vision: model.config.vision))
                    }
                }
                let mean = try scope("embedding") { hidden.to(.float32).mean(0).array(Float.self) }
                let norm = mean.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                return norm > 0 ? mean.map { Float(Double($0) / norm) } : mean
            }
        }
    }
}

extension TokenLogprob {
    init(_ token: ScoredToken) { self.init(id: token.id, logprob: token.logprob) }
}
