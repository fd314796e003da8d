import Prompting
import Synchronization

/// An answer that follows a grammar. The machine and its masks are shared by all answers.
final class GrammarConstraint: TokenConstraint {
    private struct Shared {
        var machine: ByteMachine
        var masks: [Int32: TokenMask] = [:]
    }

    /// Work on one mask; a pattern that needs more was made to be slow.
    private static let maxWork = 5_000_000
    private static let maxMasks = 512

    private let shared: Mutex<Shared>
    private let trie: TokenTrie
    private let tokenizer: Tokenizer

    /// - Throws: when the grammar calls itself without end, nothing fits it, or it is too costly.
    init(_ grammar: Grammar, root: Int, trie: TokenTrie, tokenizer: Tokenizer) throws(ConstraintError) {
        try grammar.checkCalls()
        var grammar = grammar
        try grammar.removeEndless(root: root)
        self.trie = trie
        self.tokenizer = tokenizer
        let machine = ByteMachine(grammar, root: root)
        shared = Mutex(Shared(machine: machine))
        let first = mask(machine.start)
        guard let first else { throw ConstraintError("is too complex") }
        guard !first.isEmpty || machine.canEnd(machine.start) else { throw ConstraintError("no text fits it") }
    }

    func start() -> any TokenConstraintState { GrammarState(constraint: self, state: 0) }

    func canEnd(_ state: Int32) -> Bool { shared.withLock { $0.machine.canEnd(state) } }

    /// The tokens that may follow; nil when finding them takes too long.
    func mask(_ state: Int32) -> TokenMask? {
        guard state >= 0 else { return TokenMask(numTokens: trie.numTokens) }
        return shared.withLock { shared in
            if let mask = shared.masks[state] { return mask }
            let limit = shared.machine.work + Self.maxWork
            guard let mask = trie.mask(&shared.machine, from: state, isOver: { $0.work > limit }) else { return nil }
            if shared.masks.count >= Self.maxMasks { shared.masks.removeAll() }
            shared.masks[state] = mask
            return mask
        }
    }

    func next(_ state: Int32, _ id: Int32) -> Int32 {
        guard state >= 0, !tokenizer.isSpecial(id) else { return ByteMachine.dead }
        let bytes = tokenizer.bytes(of: id)
        return shared.withLock { shared in
            var state = bytes.isEmpty ? ByteMachine.dead : state
            for byte in bytes where state >= 0 { state = shared.machine.next(state, byte) }
            return state
        }
    }
}

/// One answer's place in a grammar.
private struct GrammarState: TokenConstraintState {
    let constraint: GrammarConstraint
    var state: Int32

    var canEnd: Bool { constraint.canEnd(state) }

    mutating func allowed() -> TokenMask {
        constraint.mask(state) ?? constraint.mask(ByteMachine.dead) ?? TokenMask(numTokens: 0)
    }

    mutating func accept(_ id: Int32) -> Bool {
        state = constraint.next(state, id)
        return state >= 0
    }
}
