import Foundation

/// The classes among the labels, and which class an answer is.
public struct AnswerClasses: Sendable, Equatable {
    /// Labels of at most this many kinds are classes.
    public static let maxClasses = 30

    /// As they are written in the labels; the most frequent first, equal ones by name.
    public let names: [String]
    /// Whether case, width, punctuation and blanks make no difference. They do when two labels differ in nothing else.
    let isNormalized: Bool
    private let indexOfKey: [String: Int]

    /// The classes of labels; nil when the labels are free text: many kinds, most of them once.
    public init?(labels: [String]) {
        let texts = labels.map(AnswerText.trimmed).filter { !$0.isEmpty }
        let counts = Dictionary(texts.map { ($0, 1) }, uniquingKeysWith: +)
        guard !counts.isEmpty, counts.count <= Self.maxClasses, counts.count * 2 <= texts.count else {
            return nil
        }
        let names = counts.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map(\.key)
        self.init(names: names)
    }

    /// Given classes, in this order.
    public init(names: [String]) {
        self.names = names
        let keys = names.map(AnswerText.normalized)
        isNormalized = Set(keys).count == keys.count
        let used = isNormalized ? keys : names.map(AnswerText.trimmed)
        indexOfKey = Dictionary(used.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The class of an answer; nil for an answer that is none.
    public func index(of answer: String) -> Int? {
        indexOfKey[isNormalized ? AnswerText.normalized(answer) : AnswerText.trimmed(answer)]
    }
}
