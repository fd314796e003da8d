/// The vision tower's input for one image or one video.
public struct ImagePatches: Sendable, Hashable {
    public var grid: PatchGrid
    /// `grid.numPatches` rows of channels x temporalPatchSize x patchSize x patchSize normalised values, row major:
    /// transformers' `pixel_values`.
    public var values: [Float]

    public init(grid: PatchGrid, values: [Float]) {
        self.grid = grid
        self.values = values
    }
}
