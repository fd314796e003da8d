/// The tokens of one image or video inside an example, its start and end tokens included.
public struct MediaSpan: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case image, video }

    public var kind: Kind
    /// Which image or video of the conversation it is.
    public var index: Int
    /// Positions in the ids.
    public var range: Range<Int>
}
