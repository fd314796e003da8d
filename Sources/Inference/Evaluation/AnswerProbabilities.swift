import Foundation
public import Scoring
import Prompting

/// How probable each of the possible answers is after a prompt.
///
/// The answer's tokens are those that the prompt format writes. The end of the turn is counted only when one answer begins
/// another ("A" and "AB"): else it tells nothing apart and would cost a token more.
public struct AnswerProbabilities: Sendable {
    /// The possible answers.
    public let classes: [String]
    private let continuations: [[Int32]]

    /// - Throws: when two answers are the same tokens, or one has none.
    public init(classes: [String], session: InferenceSession) throws {
        guard classes.count > 1 else {
            throw InferenceError("name at least two answers: --label-probabilities yes,no")
        }
        self.classes = classes
        var continuations = classes.map { session.tokenizer.encode($0) }
        let areNested = continuations.indices.contains { one in
            continuations.indices.contains { $0 != one && continuations[$0].starts(with: continuations[one]) }
        }
        if areNested, let stop = session.stopIDs.min() {
            continuations = continuations.map {
                $0 + [session.template.stopIDs(tokenizer: session.tokenizer).first ?? stop]
            }
        }
        guard !continuations.contains(where: \.isEmpty), Set(continuations).count == classes.count else {
            throw InferenceError(
                "the answers \(classes.joined(separator: ", ")) are not different tokens of this model")
        }
        self.continuations = continuations
    }

    /// Probabilities after a prompt, which sum to 1.
    public func callAsFunction(_ prompt: Prompt, _ session: InferenceSession) throws -> [LabelProbability] {
        let logarithms = try session.logProbabilities(of: continuations, after: prompt)
        let highest = logarithms.max() ?? 0
        let weights = logarithms.map { exp($0 - highest) }
        let sum = weights.reduce(0, +)
        return zip(classes, weights).map { LabelProbability(label: $0, probability: $1 / sum) }
    }
}
