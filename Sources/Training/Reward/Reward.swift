public import Datasets
import Prompting

/// Something that judges answers. One value a kind, listed in the catalog of rewards.
public protocol Reward: Sendable {
    /// Its name in `reward_funcs` and in the curves.
    var name: String { get }
    /// Whether it compares answers with the label of their row: then every row must have one.
    var needsLabel: Bool { get }
    /// A verdict on each answer, in order.
    ///
    /// - Throws: when no answer at all can be judged: a wrong address, a program that cannot be started.
    func verdicts(on answers: [JudgedAnswer]) throws -> [RewardVerdict]
}

extension Reward {
    public var needsLabel: Bool { false }
}

/// An answer with what it is judged by.
public struct JudgedAnswer: Sendable {
    public var task: RolloutTask
    /// The answer's text without special tokens.
    public var text: String
    /// Tokens of the answer, the one that ended it among them.
    public var numTokens: Int
    /// Whether it ended by itself.
    public var isComplete: Bool
    public var origin: RowOrigin

    public init(task: RolloutTask, text: String, numTokens: Int, isComplete: Bool = true, origin: RowOrigin) {
        self.task = task
        self.text = text
        self.numTokens = numTokens
        self.isComplete = isComplete
        self.origin = origin
    }
}

/// What a reward says about an answer.
public enum RewardVerdict: Sendable, Equatable {
    case score(Double)
    /// It has nothing to say about such an answer: the other rewards decide (None in TRL).
    case notApplicable
    /// It could not be had, after all tries; the answer is left out of the step. The reason is the same for all such answers.
    case failed(String)
}
