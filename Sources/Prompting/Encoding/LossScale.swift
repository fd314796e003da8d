/// How much each part of an answer counts in the loss: ms-swift's `loss_scale`, such as `last_round+hermes`.
///
/// A name is a base (which answers are learned; `default` when it is not named) and any number of rules joined with `+`.
/// Each rule cuts the pieces that the one before it left; their weights multiply.
public struct LossScale: Sendable, Hashable {
    /// Which texts are learned.
    public enum Base: String, Sendable, Hashable, CaseIterable {
        /// All answers.
        case answers = "default"
        /// The last answer.
        case lastRound = "last_round"
        /// Prompts too.
        case all
    }

    public var base: Base
    let rules: [LossScaleRule]

    /// Every answer, all tokens alike.
    public static let answers = LossScale(base: .answers, rules: [])

    private init(base: Base, rules: [LossScaleRule]) {
        self.base = base
        self.rules = rules
    }

    /// - Parameters:
    ///   - name: as ms-swift writes it.
    ///   - ignoresEmptyThoughts: append the rule `ignore_empty_think` unless it is there.
    /// - Throws: when a part of the name is unknown.
    public init(_ name: String, ignoresEmptyThoughts: Bool = false) throws(TemplateError) {
        var names = name.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
        base = .answers
        if let first = names.first, let base = Base(rawValue: first) {
            self.base = base
            names.removeFirst()
        }
        if ignoresEmptyThoughts, !names.contains(LossScaleRule.ignoreEmptyThink.name) {
            names.append(LossScaleRule.ignoreEmptyThink.name)
        }
        var rules: [LossScaleRule] = []
        for name in names where name != "base" {
            guard let rule = LossScaleRule.all.first(where: { $0.name == name }) else {
                throw TemplateError(
                    "loss_scale: \"\(name)\" does not exist; it is one of "
                        + "\(Base.allCases.map(\.rawValue).joined(separator: ", ")), followed by any of "
                        + "\(LossScaleRule.all.map(\.name).joined(separator: ", ")), joined with +")
            }
            rules.append(rule)
        }
        self.rules = rules
    }

    /// The answer in pieces and the weight of each piece's tokens.
    ///
    /// - Parameter query: the message that is answered.
    public func pieces(of answer: String, query: String) -> [WeightedText] {
        var pieces = [WeightedText(text: answer, weight: 1)]
        for rule in rules {
            pieces = pieces.flatMap { piece in
                rule.pieces(of: piece.text, query: query).map {
                    WeightedText(text: $0.text, weight: $0.weight * piece.weight)
                }
            }
        }
        return pieces
    }
}

/// A piece of an answer and what its tokens weigh in the loss.
public struct WeightedText: Sendable, Hashable {
    public var text: String
    public var weight: Float

    public init(text: String, weight: Float) {
        self.text = text
        self.weight = weight
    }
}
