public import Media

/// Positions of a sample's tokens along time, height and width (M-RoPE, transformers' get_rope_index for Qwen2.5-VL).
public enum MultimodalPositions {
    /// - Parameters:
    ///   - tokenIDs: one sample.
    ///   - images: grids of its images in order; `videos` likewise, with the seconds between two of their patches in time.
    /// - Returns: three rows of positions and the position after the last token, or nil when marks and grids disagree.
    public static func positions(
        tokenIDs: [Int32], images: [PatchGrid], videos: [(grid: PatchGrid, secondsPerGrid: Double)],
        config: VisionConfig
    ) -> (rows: [[Int]], next: Int)? {
        var rows: [[Int]] = [[], [], []]
        for axis in 0..<3 { rows[axis].reserveCapacity(tokenIDs.count) }
        var next = 0, index = 0, image = 0, video = 0
        let merge = config.spatialMergeSize
        while index < tokenIDs.count {
            let id = Int(tokenIDs[index])
            guard id == config.imageTokenID || id == config.videoTokenID else {
                for axis in 0..<3 { rows[axis].append(next) }
                next += 1
                index += 1
                continue
            }
            let isImage = id == config.imageTokenID
            guard isImage ? image < images.count : video < videos.count else { return nil }
            let grid = isImage ? images[image] : videos[video].grid
            // The published checkpoints were trained with int() of the seconds between grids.
            let timeStep = isImage ? 0 : Int(config.tokensPerSecond) * Int(videos[video].secondsPerGrid)
            if isImage { image += 1 } else { video += 1 }
            let height = grid.height / merge, width = grid.width / merge, count = grid.time * height * width
            guard index + count <= tokenIDs.count, tokenIDs[index..<(index + count)].allSatisfy({ Int($0) == id })
            else { return nil }
            var last = next
            for t in 0..<grid.time {
                for y in 0..<height {
                    for x in 0..<width {
                        let place = (next + t * timeStep, next + y, next + x)
                        rows[0].append(place.0)
                        rows[1].append(place.1)
                        rows[2].append(place.2)
                        last = max(last, place.0, place.1, place.2)
                    }
                }
            }
            next = last + 1
            index += count
        }
        guard image == images.count, video == videos.count else { return nil }
        return (rows, next)
    }
}
