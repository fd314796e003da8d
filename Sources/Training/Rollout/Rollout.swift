/// An answer that the policy wrote to a prompt.
public struct Rollout: Sendable, Equatable, Codable {
    /// Why an answer ended.
    public enum Finish: String, Sendable, Codable {
        /// The model wrote a token that ends its turn; it is the last of `tokenIDs`.
        case stop
        /// The answer reached its longest length.
        case length
    }

    /// Place of its prompt in the list of prompts that it was generated from.
    public var prompt: Int
    /// The answer with the token that ended it, as TRL's completion ids. Never empty.
    public var tokenIDs: [Int32]
    /// Natural-log probability of each token under the model's raw logits (temperature 1), as the engine computed it.
    public var logprobs: [Float]
    public var finish: Finish

    public init(prompt: Int, tokenIDs: [Int32], logprobs: [Float], finish: Finish) {
        self.prompt = prompt
        self.tokenIDs = tokenIDs
        self.logprobs = logprobs
        self.finish = finish
    }

    /// Answers of evaluations have numbers that those of training never reach.
    static let firstEvaluationNumber: UInt64 = 1 << 62

    /// The tokens without the one that ended the answer.
    public var contentIDs: ArraySlice<Int32> { finish == .stop ? tokenIDs.dropLast() : tokenIDs[...] }

    /// The share of its runs of four tokens that it has more than once: near 0 in plain text, near 1 in a loop.
    var repeatedShare: Double {
        guard tokenIDs.count >= 4 else { return 0 }
        let runs = (0...(tokenIDs.count - 4)).map { Array(tokenIDs[$0..<($0 + 4)]) }
        return 1 - Double(Set(runs).count) / Double(runs.count)
    }
}
