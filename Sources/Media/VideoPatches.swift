/// The vision tower's input for one video, with the times its position ids need.
public struct VideoPatches: Sendable, Hashable {
    public var patches: ImagePatches
    /// Seconds between two temporal grid positions: one value of transformers' `second_per_grid_ts`.
    public var secondsPerGrid: Double
    /// Position of each sampled frame in the video, 0 for the first.
    public var frameIndices: [Int]

    public var grid: PatchGrid { patches.grid }

    public init(patches: ImagePatches, secondsPerGrid: Double, frameIndices: [Int]) {
        self.patches = patches
        self.secondsPerGrid = secondsPerGrid
        self.frameIndices = frameIndices
    }
}
