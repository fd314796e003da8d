/// When an answer ends because it says the same over and over, as vLLM's `repetition_detection`.
public struct RepetitionLimit: Sendable, Equatable {
    /// Tokens of the piece that is repeated (`min_pattern_size`, `max_pattern_size`).
    public var sizes: ClosedRange<Int>
    /// How often it must come in a row (`min_count`).
    public var count: Int

    /// - Parameter count: 2 or more.
    public init(sizes: ClosedRange<Int>, count: Int) {
        self.sizes = sizes
        self.count = count
    }

    /// Whether the last tokens are one piece, `count` times.
    func isReached(by tokens: [Int32]) -> Bool {
        for size in sizes {
            guard size * count <= tokens.count else { return false }
            let first = tokens.count - size * (count - 1)
            if (first..<tokens.count).allSatisfy({ tokens[$0] == tokens[$0 - size] }) { return true }
        }
        return false
    }
}
