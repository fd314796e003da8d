/// The vision tower's input for one image or one video.
public struct ImagePatches: Sendable, Hashable {
    /// Patches along time, height and width.
    public var grid: PatchGrid
    /// `grid.numPatches` rows of channels x temporalPatchSize x patchSize x patchSize normalised values, row major:
    /// transformers' `pixel_values`.
    public var values: [Float]

    /// Takes values that were cut into `grid` elsewhere.
    public init(grid: PatchGrid, values: [Float]) {
        self.grid = grid
        self.values = values
    }
}
