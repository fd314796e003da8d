/// How LLaMA-Factory fills the rows of a batch up to one length. Anneal computes no padding; what transformers reports is counted by it.
public struct BatchPadding: Sendable {
    /// Tokens that every row has at least: packed samples are filled up when they are made.
    var filledLength = 0
    /// The length of a batch is a multiple of it.
    var multiple = 8

    public init() {}

    /// Padding of a run: its collator fills to multiples of 8, that of texts (stage pt) only to the longest.
    init(stagePT isText: Bool, filledLength: Int) {
        self.filledLength = filledLength
        multiple = isText ? 1 : 8
    }

    /// Tokens of batches with rows of these lengths, padding included.
    func numTokens(_ batches: [[Int]]) -> Int {
        batches.reduce(0) { total, lengths in
            let longest = max(filledLength, lengths.max() ?? 0)
            return total + lengths.count * ((longest + multiple - 1) / multiple * multiple)
        }
    }
}
