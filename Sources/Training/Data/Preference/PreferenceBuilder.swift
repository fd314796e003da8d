public import Datasets
import Foundation
import Media
public import Models
public import Prompting

/// Makes `StepData` of samples with preferences. The two answers of a pair share their prompt's tokens.
public struct PreferenceBuilder: StepBuilding {
    public let examples: [TrainingExample]
    public let vision: VisionConfig?
    public let media: MediaSettings?
    /// Tokens a pack may hold before another one is begun; a longer sample gets a pack of its own.
    public let packTokens: Int
    /// Whether the loss of a sample depends on the others of its batch: then a batch is never split.
    public let keepsBatches: Bool
    /// Log-probabilities under the reference, where they were computed before training.
    public var references: ReferenceTable?
    private let cache = PatchCache()

    public init(
        examples: [TrainingExample], vision: VisionConfig?, media: MediaSettings?, packTokens: Int, keepsBatches: Bool
    ) {
        self.examples = examples
        self.vision = vision
        self.media = media
        self.packTokens = packTokens
        self.keepsBatches = keepsBatches
    }

    public var count: Int { examples.count }
    public var weighsSamples: Bool { true }
    public func origins(_ index: Int) -> [RowOrigin] { [examples[index].origin] }

    public func build(_ batches: [[Int]]) throws -> StepData {
        var packs: [PackData] = []
        var pack = emptyPack, other = emptyPack
        func flush() {
            if pack.tokenIDs.isEmpty { return }
            if !other.tokenIDs.isEmpty { pack.preference?.others = [other] }
            packs.append(pack)
            (pack, other) = (emptyPack, emptyPack)
        }
        for (number, batch) in batches.enumerated() {
            for unit in keepsBatches ? [batch] : batch.map({ [$0] }) {
                let numTokens = unit.reduce(0) { $0 + examples[$1].inputIDs.count }
                if pack.tokenIDs.count + numTokens > packTokens { flush() }
                for index in unit {
                    let place = Place(sample: index, batch: number, batchSize: batch.count, numBatches: batches.count)
                    do {
                        try append(place, to: &pack)
                        try appendOther(place, to: &other)
                    } catch let error as MediaError {
                        let origin = examples[index].origin
                        throw DataError("\(error)", dataset: origin.dataset, file: origin.file, row: origin.row)
                    }
                }
            }
        }
        flush()
        var data = StepData(packs: packs)
        data.numPaddedTokens = BatchPadding().numTokens(
            batches.map { batch in
                batch.flatMap { index in
                    examples[index].preference.map { layout in layout.answers.map { layout.promptCount + $0.count } }
                        ?? []
                }
            })
        return data
    }

    private struct Place {
        let sample: Int, batch: Int, batchSize: Int, numBatches: Int
    }

    private var emptyPack: PackData {
        var pack = PackData()
        pack.positions = Array(repeating: [], count: vision == nil ? 1 : 3)
        pack.preference = PackPreference()
        return pack
    }

    private func append(_ place: Place, to pack: inout PackData) throws {
        let example = examples[place.sample]
        guard let layout = example.preference else { return }
        let answers = layout.answers.map { Array(example.inputIDs[$0]) }
        try append(
            place, prompt: Array(example.inputIDs.prefix(layout.promptCount)), answers: answers,
            isGood: answers.indices.map { layout.verdict ?? ($0 == 0) }, firstNumber: 0, to: &pack)
    }

    private func appendOther(_ place: Place, to pack: inout PackData) throws {
        guard let layout = examples[place.sample].preference, let other = layout.other else { return }
        try append(
            place, prompt: Array(other.inputIDs.prefix(other.promptCount)),
            answers: [Array(other.inputIDs.dropFirst(other.promptCount))], isGood: [true], firstNumber: 1, to: &pack)
    }

    private func append(
        _ place: Place, prompt: [Int32], answers: [[Int32]], isGood: [Bool], firstNumber: Int, to pack: inout PackData
    ) throws {
        let first = pack.tokenIDs.count, promptRows = first..<first + prompt.count
        let next = try appendPrompt(prompt, examples[place.sample], to: &pack)
        for (number, answer) in answers.enumerated() {
            let rows = pack.tokenIDs.count..<pack.tokenIDs.count + answer.count, firstLabel = pack.labels.count
            pack.tokenIDs += answer.map(Int.init)
            for axis in pack.positions.indices { pack.positions[axis] += next..<next + answer.count }
            // The last row of the prompt predicts the first token.
            pack.labelRows.append(promptRows.upperBound - 1)
            pack.labelRows += rows.dropLast()
            pack.labels += answer.map(Int.init)
            pack.weights += answer.map { _ in 1 }
            if answers.count > 1 { pack.preference?.segments.append(Array(promptRows) + Array(rows)) }
            pack.preference?.answers.append(
                ScoredAnswer(
                    labels: firstLabel..<pack.labels.count, prompt: promptRows, rows: rows, sample: place.sample,
                    number: firstNumber + number, isGood: isGood[number], batch: place.batch,
                    batchSize: place.batchSize,
                    numBatches: place.numBatches,
                    reference: references?[place.sample, firstNumber + number]))
        }
        pack.offsets.append(pack.tokenIDs.count)
    }

    /// Adds the prompt's tokens and media; returns the position after it.
    private func appendPrompt(_ prompt: [Int32], _ example: TrainingExample, to pack: inout PackData) throws -> Int {
        let first = pack.tokenIDs.count
        pack.tokenIDs += prompt.map(Int.init)
        return try pack.appendPositions(
            of: prompt, example, first: first, vision: vision, media: media, cache: cache)
    }
}
