public import Datasets
import Media
public import Models
public import Prompting

/// Makes the prompts of a step: stages whose answers the policy writes.
public struct PromptBuilder: StepBuilding {
    public let examples: any SampleSource
    public let vision: VisionConfig?
    public let media: MediaSettings?
    private let cache = PatchCache()

    public init(examples: any SampleSource, vision: VisionConfig?, media: MediaSettings?) {
        self.examples = examples
        self.vision = vision
        self.media = media
    }

    public var count: Int { examples.count }
    public var weighsSamples: Bool { true }
    public func origins(_ index: Int) -> [RowOrigin] { ((try? examples.examples(of: index)) ?? []).map(\.origin) }

    public func build(_ batches: [[Int]]) throws -> StepData {
        var data = StepData(packs: [])
        data.prompts = try batches.map { try $0.map(prompt) }
        cache.forgetStep()
        return data
    }

    /// One sample as a prompt.
    ///
    /// - Throws: `DataError` where its media cannot be read; a streamed row's own error.
    public func prompt(_ sample: Int) throws -> RolloutPrompt {
        guard let example = try examples.examples(of: sample).first else {
            throw TrainingError("there is no sample \(sample)")
        }
        var pack = PackData()
        pack.positions = Array(repeating: [], count: vision == nil ? 1 : 3)
        do {
            let next = try pack.appendPositions(
                of: example.inputIDs, example, first: 0, vision: vision, media: media, cache: cache)
            return RolloutPrompt(
                sample: sample, tokenIDs: example.inputIDs, positions: pack.positions, nextPosition: next,
                images: pack.images, videos: pack.videos, task: example.task ?? RolloutTask(messages: []),
                origin: example.origin)
        } catch let error as MediaError {
            let origin = example.origin
            throw DataError("\(error)", dataset: origin.dataset, file: origin.file, row: origin.row)
        }
    }
}
