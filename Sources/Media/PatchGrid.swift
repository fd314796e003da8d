/// How many patches an image or a video is cut into along time, height and width: one row of `image_grid_thw`.
public struct PatchGrid: Sendable, Hashable, CustomStringConvertible {
    /// Pairs of frames; 1 for an image.
    public var t: Int
    /// Rows of patches.
    public var h: Int
    /// Patches a row.
    public var w: Int

    /// A grid; nothing is checked.
    public init(t: Int, h: Int, w: Int) {
        self.t = t
        self.h = h
        self.w = w
    }

    /// Rows of the patch matrix.
    public var numPatches: Int { t * h * w }

    /// Placeholder tokens in the text: `merge` x `merge` patches become one.
    public func numTokens(merge: Int) -> Int { numPatches / (merge * merge) }

    /// `TxHxW`, as messages show it.
    public var description: String { "\(t)x\(h)x\(w)" }
}
