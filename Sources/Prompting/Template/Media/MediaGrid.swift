/// The patches of one image or video: what its size in tokens follows from.
public struct MediaGrid: Sendable, Hashable {
    /// Temporal patches: 1 for an image.
    public var frames: Int
    /// Rows of patches.
    public var rows: Int
    /// Columns of patches.
    public var columns: Int

    public init(frames: Int, rows: Int, columns: Int) {
        self.frames = frames
        self.rows = rows
        self.columns = columns
    }

    /// All patches.
    public var numPatches: Int { frames * rows * columns }
}
