/// Where the answers of a sample lie in its ids: the prompt stands once, one answer or two follow it, each of which goes on
/// from the prompt.
public struct PreferenceLayout: Sendable, Hashable {
    /// Tokens of the prompt.
    public var promptCount: Int
    /// Places of the answers in the sample's ids; of a pair the better one first.
    public var answers: [Range<Int>]
    /// Whether the one answer is good; nil for a pair.
    public var verdict: Bool?
    /// The same prompt with another sample's answer, for KTO's estimate of the divergence.
    public var other: OtherAnswer?

    /// A prompt (cut to its own length) and an answer that belongs to another one.
    public struct OtherAnswer: Sendable, Hashable {
        public var inputIDs: [Int32]
        public var promptCount: Int
    }
}
