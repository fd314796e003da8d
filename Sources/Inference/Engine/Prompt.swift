public import Media
public import Models
import Torch

/// A conversation as numbers, ready for the engine; made away from the tensor thread.
public struct Prompt: Sendable {
    public var tokenIDs: [Int32]
    /// One row of positions, or three for M-RoPE.
    public var positions: [[Int]]
    /// The position of the first token of the answer.
    public var nextPosition: Int
    public var images: PromptMedia
    public var videos: PromptMedia

    /// A text.
    public init(tokenIDs: [Int32]) {
        self.tokenIDs = tokenIDs
        positions = [Array(tokenIDs.indices)]
        nextPosition = tokenIDs.count
        images = PromptMedia()
        videos = PromptMedia()
    }

    /// A text for a vision-language model, with the patches of its media.
    ///
    /// - Throws: when the tokens' marks and the media disagree.
    public init(
        tokenIDs: [Int32], images: PromptMedia, videos: PromptMedia, secondsPerGrid: [Double], config: VisionConfig
    ) throws {
        self.tokenIDs = tokenIDs
        let clips = zip(videos.grids, secondsPerGrid).map { (grid: $0, secondsPerGrid: $1) }
        guard
            let (rows, next) = MultimodalPositions.positions(
                tokenIDs: tokenIDs, images: images.grids, videos: clips, config: config)
        else {
            throw InferenceError(
                "the image tokens of the prompt and the images do not match; does the template belong to the model?")
        }
        positions = rows
        nextPosition = next
        self.images = images
        self.videos = videos
    }
}

/// Patches of several images or videos, in the order of their marks.
public struct PromptMedia: Sendable {
    /// [patches, values of a patch], row-major.
    public var patches: [Float]
    public var grids: [PatchGrid]

    public init(patches: [Float] = [], grids: [PatchGrid] = []) {
        self.patches = patches
        self.grids = grids
    }
}

extension ModelInput {
    /// Several prompts one after another.
    init(_ prompts: [Prompt], vision: VisionConfig?) {
        var offsets = [0]
        for prompt in prompts { offsets.append((offsets.last ?? 0) + prompt.tokenIDs.count) }
        let tokenIDs = prompts.flatMap { $0.tokenIDs.map(Int.init) }
        let numAxes = vision == nil ? 1 : 3
        let positions = (0..<numAxes).map { axis in prompts.flatMap { $0.positions[$0.positions.count == 1 ? 0 : axis] }
        }
        func media(_ parts: [PromptMedia], _ id: Int?) -> VisionInput? {
            guard let vision, parts.contains(where: { !$0.grids.isEmpty }) else { return nil }
            let patches = parts.flatMap(\.patches)
            return VisionInput(
                patches: Tensor(patches, shape: [patches.count / vision.patchValues, vision.patchValues]),
                grids: parts.flatMap(\.grids),
                tokenRows: Tensor(tokenIDs.indices.filter { tokenIDs[$0] == id }))
        }
        self.init(
            tokenIDs: Tensor(tokenIDs), positions: positions, offsets: offsets,
            images: media(prompts.map(\.images), vision?.imageTokenID),
            videos: media(prompts.map(\.videos), vision?.videoTokenID))
    }
}
