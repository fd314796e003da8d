/// The tokens of one answer.
public struct Completion: Sendable, Equatable {
    /// Why an answer ended.
    public enum Finish: String, Sendable, Codable {
        /// The model wrote a token that ends its turn.
        case stop
        /// The answer reached its longest length.
        case length
        /// The answer repeated itself as often as it may.
        case repetition
        /// The receiver wanted no more.
        case cancelled
    }

    /// Without the token that ended it.
    public var tokenIDs: [Int32] = []
    /// Natural-log probability of each token under the model's raw logits; empty unless the request asked for it.
    public var logprobs: [Float] = []
    public var finish = Finish.length
    /// Why its thought was closed for the model; nil where it was not.
    public var thoughtClosing: ThoughtGuard.Closing?

    public init() {}
}
