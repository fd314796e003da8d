/// One conversation as a model trains on it.
public struct EncodedExample: Sendable, Hashable {
    /// The label of a token that is not trained on.
    public static let ignored: Int32 = -100

    public var inputIDs: [Int32]
    /// As long as `inputIDs`; `ignored` where nothing is to be learned. Not shifted.
    public var labels: [Int32]
    /// What each label weighs in the loss, as long as `labels`; empty when all weigh the same.
    public var weights: [Float] = []
    /// The images and videos that are in the ids, in the order of their places. Turns that did not fit take theirs
    /// along, so only these are to be shown to the model.
    public var mediaSpans: [MediaSpan]
    /// What the cutoff took.
    public var truncation: Truncation
    /// Pairs of turns that did not fit the cutoff at all.
    public var numDroppedTurns: Int

    /// Whether a turn was cut short to fit the cutoff.
    public var isTruncated: Bool { truncation > .turns }
    /// Labels that count.
    public var numTrainedTokens: Int { labels.count { $0 != Self.ignored } }
    /// The images of the conversation that are left, in order.
    public var keptImages: [Int] { mediaSpans.filter { $0.kind == .image }.map(\.index).sorted() }
    /// The videos of the conversation that are left, in order.
    public var keptVideos: [Int] { mediaSpans.filter { $0.kind == .video }.map(\.index).sorted() }
}
