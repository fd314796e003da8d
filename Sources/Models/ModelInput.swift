public import Media
public import Torch

/// A packed batch: the tokens of several samples one after another, without padding.
///
/// Shapes: T tokens, S segments, N patches.
public struct ModelInput {
    /// int64 [T].
    public var tokenIDs: Tensor
    /// One row of T positions, or three (time, height, width).
    public var positions: [[Int]]
    /// First row of each segment and the total: S + 1 entries. Tokens attend only inside their segment.
    public var offsets: [Int]
    /// Where answers share their prompt's tokens: who attends to whom instead of the segments.
    public var sharing: PrefixSharing?
    /// Images, then videos, in the order of their marks in the tokens.
    public var images: VisionInput?
    public var videos: VisionInput?

    public init(
        tokenIDs: Tensor, positions: [[Int]], offsets: [Int], images: VisionInput? = nil, videos: VisionInput? = nil,
        sharing: PrefixSharing? = nil
    ) {
        self.tokenIDs = tokenIDs
        self.positions = positions
        self.offsets = offsets
        self.images = images
        self.videos = videos
        self.sharing = sharing
    }
}

/// Patches of several images or videos, one after another.
public struct VisionInput {
    /// fp32 [N, patch values].
    public var patches: Tensor
    public var grids: [PatchGrid]
    /// Rows of the tokens that stand for them: int64 [N / merge²].
    public var tokenRows: Tensor

    public init(patches: Tensor, grids: [PatchGrid], tokenRows: Tensor) {
        self.patches = patches
        self.grids = grids
        self.tokenRows = tokenRows
    }
}
