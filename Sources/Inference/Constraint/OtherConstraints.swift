import Prompting

/// An answer made of certain tokens only.
struct TokenSetConstraint: TokenConstraint {
    let mask: TokenMask

    init(_ ids: [Int32], numTokens: Int) {
        var mask = TokenMask(numTokens: numTokens)
        for id in ids { mask[id] = true }
        self.mask = mask
    }

    func start() -> any TokenConstraintState { State(mask: mask) }

    private struct State: TokenConstraintState {
        let mask: TokenMask
        var canEnd: Bool { true }
        mutating func allowed() -> TokenMask { mask }
        mutating func accept(_ id: Int32) -> Bool { mask[id] }
    }
}

/// A thought in free words first, then an answer under a rule.
struct AfterThought: TokenConstraint {
    let rule: any TokenConstraint
    let tokenizer: Tokenizer
    /// What closes the thought.
    let close: [UInt8]
    let everything: TokenMask

    init(_ rule: any TokenConstraint, words: ThoughtWords, tokenizer: Tokenizer, numTokens: Int) {
        self.rule = rule
        self.tokenizer = tokenizer
        close = Array(words.close.filter { !$0.isWhitespace }.utf8)
        var mask = TokenMask(numTokens: numTokens)
        for id in 0..<Int32(min(numTokens, tokenizer.idLimit)) { mask[id] = true }
        everything = mask
    }

    func start() -> any TokenConstraintState { State(constraint: self, rule: rule.start()) }

    private struct State: TokenConstraintState {
        let constraint: AfterThought
        var rule: any TokenConstraintState
        var isThinking = true
        var tail: [UInt8] = []

        var canEnd: Bool { !isThinking && rule.canEnd }

        mutating func allowed() -> TokenMask { isThinking ? constraint.everything : rule.allowed() }

        mutating func accept(_ id: Int32) -> Bool {
            guard isThinking else { return rule.accept(id) }
            tail += constraint.tokenizer.bytes(of: id)
            let close = constraint.close
            let last = tail.count - close.count
            if last >= 0, (0...last).contains(where: { tail[$0...].starts(with: close) }) {
                isThinking = false
            } else {
                tail = Array(tail.suffix(close.count - 1))
            }
            return true
        }
    }
}
