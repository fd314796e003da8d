import Prompting

/// The bytes of all tokens in sorted order, so that tokens with a common beginning are looked at together.
struct TokenTrie: Sendable {
    let numTokens: Int
    /// Sorted by their bytes.
    private let ids: [Int32]
    private let bytes: [UInt8]
    /// Where the bytes of each token begin; one more entry at the end.
    private let starts: [Int]
    /// Bytes in common with the token before.
    private let common: [Int]

    /// - Parameter numTokens: ids that can be sampled. Control tokens are left out: no text asks for them.
    init(_ tokenizer: Tokenizer, numTokens: Int) {
        self.numTokens = numTokens
        var entries: [(id: Int32, bytes: [UInt8])] = []
        for id in 0..<Int32(min(numTokens, tokenizer.idLimit)) where !tokenizer.isSpecial(id) {
            let bytes = tokenizer.bytes(of: id)
            if !bytes.isEmpty { entries.append((id, bytes)) }
        }
        entries.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        ids = entries.map(\.id)
        bytes = entries.flatMap(\.bytes)
        var starts = [0], common: [Int] = []
        for (index, entry) in entries.enumerated() {
            starts.append(starts[index] + entry.bytes.count)
            common.append(index == 0 ? 0 : zip(entry.bytes, entries[index - 1].bytes).prefix { $0 == $1 }.count)
        }
        self.starts = starts
        self.common = common
    }

    /// The tokens that lead from `state` to another state; stops when `isOver` says so.
    func mask(_ machine: inout ByteMachine, from state: Int32, isOver: (ByteMachine) -> Bool) -> TokenMask? {
        var mask = TokenMask(numTokens: numTokens)
        // The state after each byte of the token at hand.
        var path = [state]
        path.reserveCapacity(256)
        var index = 0
        var numSteps = 0
        while index < ids.count {
            numSteps += 1
            if numSteps & 15 == 0, isOver(machine) { return nil }
            let start = starts[index], count = starts[index + 1] - start
            path.removeLast(max(0, path.count - 1 - common[index]))
            var isDead = false
            while path.count <= count {
                let next = machine.next(path[path.count - 1], bytes[start + path.count - 1])
                if next == ByteMachine.dead {
                    isDead = true
                    break
                }
                path.append(next)
            }
            if !isDead { mask[ids[index]] = true }
            index += 1
            if isDead {
                // All tokens that share the bytes up to the dead one are dead, too.
                while index < ids.count, common[index] >= path.count { index += 1 }
            }
        }
        return mask
    }
}
