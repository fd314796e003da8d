import Media
import Models

/// What makes two prompts of equal tokens differ: which images and videos the marks stand for, and where they put the
/// positions.
struct MediaContent: Sendable {
    /// One image or video: its tokens and a fingerprint of its pixels and grid.
    private struct Medium {
        let tokens: Range<Int>
        let fingerprint: [Int]
    }

    private let media: [Medium]
    private let positions: [[Int]]
    private let nextPosition: Int

    /// Nil for a prompt without media.
    init?(_ prompt: Prompt, vision: VisionConfig?) {
        guard let vision, !(prompt.images.grids.isEmpty && prompt.videos.grids.isEmpty) else { return nil }
        var media: [Medium] = []
        for (id, parts) in [(vision.imageTokenID, prompt.images), (vision.videoTokenID, prompt.videos)] {
            let marks = prompt.tokenIDs.indices.filter { Int(prompt.tokenIDs[$0]) == id }
            var mark = 0, value = 0
            for grid in parts.grids {
                let count = grid.numPatches / (vision.spatialMergeSize * vision.spatialMergeSize)
                let values = min(value + grid.numPatches * vision.patchValues, parts.patches.count)
                guard count > 0, mark + count <= marks.count, value <= values else { break }
                let first = marks[mark], last = marks[mark + count - 1]
                media.append(
                    Medium(
                        tokens: first..<(last + 1),
                        fingerprint: Self.fingerprint(
                            parts.patches[value..<values], grid, prompt.positions, first, last)))
                mark += count
                value = values
            }
        }
        self.media = media
        positions = prompt.positions
        nextPosition = prompt.nextPosition
    }

    /// Two hashes with the process's secret seed, 128 bits: nobody can make pixels that are taken for others'.
    private static func fingerprint(
        _ patches: ArraySlice<Float>, _ grid: PatchGrid, _ positions: [[Int]], _ first: Int, _ last: Int
    ) -> [Int] {
        [1, 2].map { salt in
            var hasher = Hasher()
            hasher.combine(salt)
            hasher.combine(grid)
            // Where the last token stands from the first says how fast a video runs.
            for axis in positions { hasher.combine(axis[last] - axis[first]) }
            patches.withUnsafeBytes { hasher.combine(bytes: $0) }
            return hasher.finalize()
        }
    }

    /// Position of the first token and the media of a block; with the tokens they fix everything inside it.
    func ofBlock(_ index: Int, blockSize: Int) -> [Int] {
        let first = index * blockSize, numTokens = positions[0].count
        var content =
            first < numTokens ? positions.map { $0[first] } : positions.map { _ in nextPosition + first - numTokens }
        for medium in media where medium.tokens.overlaps(first..<(first + blockSize)) {
            content += medium.fingerprint + [medium.tokens.lowerBound - first]
        }
        return content
    }
}
