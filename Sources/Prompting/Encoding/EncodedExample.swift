/// The tokens of one image or video inside an example, its start and end tokens included.
public struct MediaSpan: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case image, video }

    public var kind: Kind
    /// Which image or video of the conversation it is.
    public var index: Int
    /// Positions in the ids.
    public var range: Range<Int>
}

/// One conversation as a model trains on it.
public struct EncodedExample: Sendable, Hashable {
    /// The label of a token that is not trained on.
    public static let ignored: Int32 = -100

    public var inputIDs: [Int32]
    /// As long as `inputIDs`; `ignored` where nothing is to be learned. Not shifted.
    public var labels: [Int32]
    /// The images and videos that are in the ids, in the order of their places. Turns that did not fit take theirs
    /// along, so only these are to be shown to the model.
    public var mediaSpans: [MediaSpan]
    /// Whether a turn was cut short to fit the cutoff.
    public var isTruncated: Bool
    /// Pairs of turns that did not fit the cutoff at all.
    public var numDroppedTurns: Int

    /// Labels that count.
    public var numTrainedTokens: Int { labels.count { $0 != Self.ignored } }
    /// The images of the conversation that are left, in order.
    public var keptImages: [Int] { mediaSpans.filter { $0.kind == .image }.map(\.index).sorted() }
    /// The videos of the conversation that are left, in order.
    public var keptVideos: [Int] { mediaSpans.filter { $0.kind == .video }.map(\.index).sorted() }
}

/// A conversation up to the answer, and the answer itself.
public struct EncodedPrompt: Sendable, Hashable {
    public var inputIDs: [Int32]
    /// The ids of the expected answer; of an empty answer when the conversation has none.
    public var labelIDs: [Int32]
    public var mediaSpans: [MediaSpan]
    /// Whether prompt or answer were cut to fit.
    public var isTruncated: Bool
}
