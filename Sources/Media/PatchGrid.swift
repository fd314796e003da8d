/// How many patches an image or a video is cut into along time, height and width: one row of `image_grid_thw`.
public struct PatchGrid: Sendable, Hashable, CustomStringConvertible {
    public var t: Int
    public var h: Int
    public var w: Int

    public init(t: Int, h: Int, w: Int) {
        self.t = t
        self.h = h
        self.w = w
    }

    /// Rows of the patch matrix.
    public var numPatches: Int { t * h * w }

    /// Placeholder tokens in the text: `merge` x `merge` patches become one.
    public func numTokens(merge: Int) -> Int { numPatches / (merge * merge) }

    public var description: String { "\(t)x\(h)x\(w)" }
}
