/// The tokens of one answer.
public struct Completion: Sendable, Equatable {
    /// Why an answer ended.
    public enum Finish: String, Sendable, Codable {
        /// The model wrote a token that ends its turn.
        case stop
        /// The answer reached its longest length.
        case length
        /// The receiver wanted no more.
        case cancelled
    }

    /// Without the token that ended it.
    public var tokenIDs: [Int32] = []
    /// Natural-log probability of each token under the model's raw logits.
    public var logprobs: [Float] = []
    public var finish = Finish.length

    public init() {}
}
