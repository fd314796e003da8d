public import Datasets

/// A prompt as numbers, with its pixels, ready for the engine and for packs; made away from the tensor thread.
public struct RolloutPrompt: Sendable {
    /// Its number among the run's samples.
    public var sample: Int
    public var tokenIDs: [Int32]
    /// One row of positions, or three for M-RoPE.
    public var positions: [[Int]]
    /// The position of the answer's first token.
    public var nextPosition: Int
    /// Patches; rows of their tokens count from the prompt's first.
    public var images: MediaData
    public var videos: MediaData
    public var task: RolloutTask
    public var origin: RowOrigin
}

extension PackData {
    /// Adds a prompt's tokens and pixels; returns its rows.
    mutating func append(_ prompt: RolloutPrompt) -> Range<Int> {
        let first = tokenIDs.count
        tokenIDs += prompt.tokenIDs.map(Int.init)
        for axis in positions.indices { positions[axis] += prompt.positions[axis] }
        images.append(prompt.images, firstRow: first)
        videos.append(prompt.videos, firstRow: first)
        return first..<tokenIDs.count
    }
}

extension MediaData {
    fileprivate mutating func append(_ other: MediaData, firstRow: Int) {
        patches += other.patches
        grids += other.grids
        tokenRows += other.tokenRows.map { $0 + firstRow }
    }
}
