import Media
import Models
import Prompting

extension PackData {
    /// Adds the positions of an example's tokens `tokenIDs`, whose first is row `first`, and the patches of its media.
    ///
    /// - Returns: the position after the last token.
    @discardableResult
    mutating func appendPositions(
        of tokenIDs: [Int32], _ example: TrainingExample, first: Int, vision: VisionConfig?, media: MediaSettings?,
        cache: PatchCache
    ) throws -> Int {
        guard let vision else {
            positions[0] += 0..<tokenIDs.count
            return tokenIDs.count
        }
        var imageGrids: [PatchGrid] = [], clips: [(grid: PatchGrid, secondsPerGrid: Double)] = []
        if let media {
            for source in example.images {
                let patches = try cache.image(source, media)
                imageGrids.append(patches.grid)
                images.patches += patches.values
            }
            for source in example.videos {
                let video = try cache.video(source, media)
                clips.append((video.grid, video.secondsPerGrid))
                videos.patches += video.patches.values
            }
        }
        images.grids += imageGrids
        videos.grids += clips.map(\.grid)
        for (place, id) in tokenIDs.enumerated() {
            if Int(id) == vision.imageTokenID { images.tokenRows.append(first + place) }
            if Int(id) == vision.videoTokenID { videos.tokenRows.append(first + place) }
        }
        guard
            let found = MultimodalPositions.positions(
                tokenIDs: tokenIDs, images: imageGrids, videos: clips, config: vision)
        else {
            throw TrainingError(
                "\(example.origin): the image tokens of the text and the images do not match; does the template belong to the model?"
            )
        }
        for axis in 0..<3 { positions[axis] += found.rows[axis] }
        return found.next
    }
}
