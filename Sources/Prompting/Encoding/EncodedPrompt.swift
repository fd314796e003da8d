/// A conversation up to the answer, and the answer itself.
public struct EncodedPrompt: Sendable, Hashable {
    public var inputIDs: [Int32]
    /// The ids of the expected answer; of an empty answer when the conversation has none.
    public var labelIDs: [Int32]
    public var mediaSpans: [MediaSpan]
    /// Whether prompt or answer were cut to fit.
    public var isTruncated: Bool
}
