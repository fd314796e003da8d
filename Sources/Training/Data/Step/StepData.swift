import Datasets
import Foundation
public import Media
public import Models
public import Prompting
import Torch

/// The samples of one optimizer step (or one evaluation) as numbers, made away from the tensor thread.
public struct StepData: Sendable {
    public var packs: [PackData]
    /// Prompts to which the policy is to write answers, by batch; empty for stages that bring their answers.
    public var prompts: [[RolloutPrompt]] = []
    /// What the samples count beside those of the other processes that make the step: their labels where every label counts the same.
    public var weight = 1.0
    /// What is logged of the step beside what its packs give.
    public var curves = CurveSums()
    /// Tokens of all packs, without padding.
    public var numTokens: Int { packs.reduce(0) { $0 + $1.tokenIDs.count } }
    /// Tokens of the same batches as LLaMA-Factory pads them; 0 when there is no counterpart. Only counted, never computed.
    public var numPaddedTokens = 0
    /// Positions that have a label.
    public var numTargets: Int { packs.reduce(0) { $0 + $1.labels.count } }
}

/// Samples computed together: concatenated without padding, each attending only to itself.
public struct PackData: Sendable {
    public var tokenIDs: [Int] = []
    /// One row of positions, or three for M-RoPE.
    public var positions: [[Int]] = []
    public var offsets = [0]
    /// Rows whose hidden state predicts a label, the label, and the weight of its loss.
    public var labelRows: [Int] = []
    public var labels: [Int] = []
    public var weights: [Float] = []
    public var images = MediaData()
    public var videos = MediaData()
    /// The answers of preference samples.
    public var preference: PackPreference?
    /// What PPO learns from, a target a label.
    var experience: PPOTargets?
}

/// Patches of the media of a pack.
public struct MediaData: Sendable {
    /// [patches, values], row-major.
    public var patches: [Float] = []
    public var grids: [PatchGrid] = []
    /// Rows of the tokens they become.
    public var tokenRows: [Int] = []
}

/// How the losses of a step's samples are averaged (FEATURES 3.9).
public enum LossNormalization: Sendable, Equatable {
    /// Every label of the step weighs the same: models that take the count from the trainer.
    case labelsOfStep
    /// The mean over the labels of each batch, then over the batches: models with a processor, in evaluation too.
    case meanOfBatches
    /// The same with the trainer's count, which holds first tokens' labels though nothing predicts them: evaluation of
    /// models that take the count from the trainer.
    case labelsOfBatches
}

/// Makes `StepData` of examples.
public struct StepBuilder: Sendable {
    public let examples: any SampleSource
    public let vision: VisionConfig?
    public let media: MediaSettings?
    public let normalization: LossNormalization
    public let weighsSamples: Bool
    /// Tokens a pack may hold before another one is begun; a longer sample gets a pack of its own.
    public let packTokens: Int
    private let padding: BatchPadding
    private let cache = PatchCache()

    public init(
        examples: any SampleSource, vision: VisionConfig?, media: MediaSettings?, normalization: LossNormalization,
        packTokens: Int, padding: BatchPadding = BatchPadding(), weighsSamples: Bool = false
    ) {
        self.examples = examples
        self.vision = vision
        self.media = media
        self.normalization = normalization
        self.packTokens = packTokens
        self.padding = padding
        self.weighsSamples = weighsSamples
    }

    /// `batches` are numbers of samples.
    public func build(_ batches: [[Int]]) throws -> StepData {
        let samples = try batches.map { try $0.map { sample in try examples.examples(of: sample) } }
        let batches = samples.map { Array($0.joined()) }
        let stepLabels = batches.joined().reduce(0) { $0 + $1.numLabels }
        try decode(batches.joined())
        var packs: [PackData] = []
        var pack = emptyPack
        for batch in batches {
            let batchTargets = batch.reduce(0) { $0 + $1.numTargets }
            let weight: Float =
                switch normalization {
                case .labelsOfStep: 1 / Float(stepLabels)
                case .meanOfBatches: 1 / (Float(batchTargets) * Float(batches.count))
                case .labelsOfBatches: 1 / (Float(batch.reduce(0) { $0 + $1.numLabels }) * Float(batches.count))
                }
            for example in batch {
                if !pack.tokenIDs.isEmpty, pack.tokenIDs.count + example.inputIDs.count > packTokens {
                    packs.append(pack)
                    pack = emptyPack
                }
                do { try append(example, weight: weight, to: &pack) } catch let error as MediaError {
                    let origin = example.origin
                    throw DataError("\(error)", dataset: origin.dataset, file: origin.file, row: origin.row)
                }
            }
        }
        if !pack.tokenIDs.isEmpty { packs.append(pack) }
        cache.forgetStep()
        var data = StepData(packs: packs)
        if normalization != .meanOfBatches { data.weight = Double(stepLabels) }
        data.numPaddedTokens = padding.numTokens(samples.map { $0.map { $0.reduce(0) { $0 + $1.inputIDs.count } } })
        return data
    }

    /// Decodes the step's media on all cores; the next steps' are decoded while this one is computed.
    private func decode(_ examples: some Sequence<TrainingExample>) throws {
        guard let media else { return }
        var known: Set<MediaSource> = []
        var tasks: [(source: MediaSource, isVideo: Bool, origin: RowOrigin)] = []
        for example in examples {
            for source in example.images where known.insert(source).inserted {
                tasks.append((source, false, example.origin))
            }
            for source in example.videos where known.insert(source).inserted {
                tasks.append((source, true, example.origin))
            }
        }
        guard tasks.count > 1 else { return }
        let cache = cache, all = tasks
        _ = try EncodedRows.inParallel(all.count) { index in
            let (source, isVideo, origin) = all[index]
            do {
                if isVideo { _ = try cache.video(source, media) } else { _ = try cache.image(source, media) }
            } catch let error as MediaError {
                throw DataError("\(error)", dataset: origin.dataset, file: origin.file, row: origin.row)
            }
        }
    }

    private var emptyPack: PackData {
        var pack = PackData()
        pack.positions = Array(repeating: [], count: vision == nil ? 1 : 3)
        return pack
    }

    private func append(_ example: TrainingExample, weight: Float, to pack: inout PackData) throws {
        let first = pack.tokenIDs.count
        pack.tokenIDs += example.inputIDs.map(Int.init)
        for position in 1..<max(1, example.labels.count) where example.labels[position] != -100 {
            pack.labelRows.append(first + position - 1)
            pack.labels.append(Int(example.labels[position]))
            // As in ms-swift a label's own weight does not change what the sum is divided by.
            pack.weights.append(example.weights.isEmpty ? weight : weight * example.weights[position])
        }
        try pack.appendPositions(
            of: example.inputIDs, example, first: first, vision: vision, media: media, cache: cache)
        pack.offsets.append(pack.tokenIDs.count)
    }
}

extension PackData {
    /// The pack as tensors, on the tensor thread.
    public func input(patchValues: Int) -> ModelInput {
        func tensors(_ media: MediaData) -> VisionInput? {
            guard !media.grids.isEmpty else { return nil }
            let patches = Tensor(media.patches, shape: [media.patches.count / patchValues, patchValues])
            return VisionInput(patches: patches, grids: media.grids, tokenRows: Tensor(media.tokenRows))
        }
        return ModelInput(
            tokenIDs: Tensor(tokenIDs), positions: positions, offsets: offsets, images: tensors(images),
            videos: tensors(videos), sharing: preference?.sharing(numRows: tokenIDs.count))
    }
}
