/// Guesses how a text goes on from how it went on before: prompt lookup decoding, as transformers'
/// `PromptLookupCandidateGenerator` finds its candidates.
enum PromptLookup {
    /// Tokens that followed the last few tokens at their first earlier place, at most `count`, none from a stop token
    /// on.
    ///
    /// - Parameter lengths: of how many last tokens a place is looked for, the most first.
    static func guess(
        after tokens: [Int32], lengths: ClosedRange<Int>, count: Int, stopIDs: Set<Int32>
    ) -> [Int32] {
        guard count > 0, tokens.count > 1 else { return [] }
        for size in stride(from: min(lengths.upperBound, tokens.count - 1), through: lengths.lowerBound, by: -1) {
            let end = tokens.count - size
            for start in 0..<end where matches(tokens, start, end, size) {
                let first = start + size
                return Array(tokens[first..<min(first + count, tokens.count)].prefix { !stopIDs.contains($0) })
            }
        }
        return []
    }

    private static func matches(_ tokens: [Int32], _ a: Int, _ b: Int, _ size: Int) -> Bool {
        for offset in 0..<size where tokens[a + offset] != tokens[b + offset] { return false }
        return true
    }
}
