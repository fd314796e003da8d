/// How many patches an image or a video is cut into along time, height and width: one row of `image_grid_thw`.
public struct PatchGrid: Sendable, Hashable, CustomStringConvertible {
    /// Pairs of frames; 1 for an image.
    public var time: Int
    /// Rows of patches.
    public var height: Int
    /// Patches a row.
    public var width: Int

    /// A grid; nothing is checked.
    public init(time: Int, height: Int, width: Int) {
        self.time = time
        self.height = height
        self.width = width
    }

    /// Rows of the patch matrix.
    public var numPatches: Int { time * height * width }

    /// Placeholder tokens in the text: `merge` x `merge` patches become one.
    public func numTokens(merge: Int) -> Int { numPatches / (merge * merge) }

    /// `TxHxW`, as messages show it.
    public var description: String { "\(time)x\(height)x\(width)" }
}
