/// How far the drawing is.
public struct DemoProgress: Sendable, Equatable {
    /// Pictures written so far.
    public let numDrawn: Int
    /// Pictures to write.
    public let numTotal: Int
}
