public import Models

/// Puts answers behind their prompts, ready for the trainer's pass. Answers of one prompt that stand side by side share its
/// tokens.
public struct RolloutPacks: Sendable {
    /// Rows of positions: three for a model with vision.
    public let numAxes: Int
    /// Tokens a pack may hold before another one is begun; a longer answer gets a pack of its own.
    public let packTokens: Int

    public init(_ vision: VisionConfig?, packTokens: Int) {
        numAxes = vision == nil ? 1 : 3
        self.packTokens = packTokens
    }

    /// Packs `rollouts` in order; of each pack's `preference.answers`, `sample` is the rollout's place in `rollouts`.
    ///
    /// - Parameters:
    ///   - prompts: those that `Rollout.prompt` counts in.
    ///   - together: numbers of rollouts that make one pack each, whatever its size.
    public func packs(_ rollouts: [Rollout], prompts: [RolloutPrompt], together: [Int] = []) -> [PackData] {
        let starts = Set(together.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) })
        var packs: [PackData] = []
        var pack = emptyPack, open: OpenPrompt?
        func close() {
            guard let prompt = open else { return }
            // A prompt with one answer needs no sharing, unless others of the pack do.
            pack.preference?.segments += prompt.segments
            pack.offsets.append(pack.tokenIDs.count)
            open = nil
        }
        func flush() {
            close()
            if !pack.tokenIDs.isEmpty { packs.append(pack.withoutNeedlessSharing) }
            pack = emptyPack
        }
        for (place, rollout) in rollouts.enumerated() {
            let prompt = prompts[rollout.prompt]
            if !together.isEmpty, starts.contains(place) { flush() }
            if let current = open, current.number != rollout.prompt { close() }
            let size = rollout.tokenIDs.count + (open == nil ? prompt.tokenIDs.count : 0)
            if together.isEmpty, !pack.tokenIDs.isEmpty, pack.tokenIDs.count + size > packTokens { flush() }
            let rows: Range<Int>
            if let current = open {
                rows = current.rows
            } else {
                rows = pack.append(prompt)
                open = OpenPrompt(number: rollout.prompt, rows: rows)
            }
            let answer = pack.append(
                rollout.tokenIDs, after: rows, nextPosition: prompt.nextPosition, sample: place)
            open?.segments.append(Array(rows) + Array(answer))
        }
        flush()
        return packs
    }

    private struct OpenPrompt {
        let number: Int
        let rows: Range<Int>
        var segments: [[Int]] = []
    }

    private var emptyPack: PackData {
        var pack = PackData()
        pack.positions = Array(repeating: [], count: numAxes)
        pack.preference = PackPreference()
        return pack
    }
}

extension PackData {
    /// Adds an answer to the prompt of `rows`, all of whose tokens are labels; returns its rows.
    fileprivate mutating func append(_ answer: [Int32], after prompt: Range<Int>, nextPosition: Int, sample: Int)
        -> Range<
            Int
        >
    {
        let rows = tokenIDs.count..<tokenIDs.count + answer.count, firstLabel = labels.count
        tokenIDs += answer.map(Int.init)
        for axis in positions.indices { positions[axis] += nextPosition..<nextPosition + answer.count }
        // The last row of the prompt predicts the first token.
        labelRows.append(prompt.upperBound - 1)
        labelRows += rows.dropLast()
        labels += answer.map(Int.init)
        weights += answer.map { _ in 1 }
        preference?.answers.append(
            ScoredAnswer(
                labels: firstLabel..<labels.count, prompt: prompt, rows: rows, sample: sample, number: 0, isGood: true,
                batch: 0, batchSize: 1, numBatches: 1))
        return rows
    }

    /// The pack with plain segments where no prompt has more than one answer.
    fileprivate var withoutNeedlessSharing: PackData {
        guard let preference, offsets.count - 1 == preference.answers.count else { return self }
        var pack = self
        pack.preference?.segments = []
        return pack
    }
}
