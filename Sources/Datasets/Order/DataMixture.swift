/// How several data sets become one.
public enum DataMixture: Sendable, Hashable {
    /// One after the other.
    case concatenated
    /// By turns, or drawn with probabilities, until the first data set is used up.
    case interleavedUnder(probabilities: [Double]?)
    /// By turns, or drawn with probabilities, until every row was there; rows of smaller data sets come several times.
    case interleavedOver(probabilities: [Double]?)

    /// The rows of the mixture as indices into the concatenation of data sets with these many rows.
    ///
    /// Source: `_interleave_map_style_datasets` of Hugging Face's datasets 4.0.
    public func indices(counts: [Int], seed: Int) throws(DataError) -> [Int] {
        // A single data set is itself, whatever the mixture.
        guard counts.count > 1 else { return Array(0..<(counts.first ?? 0)) }
        let offsets = counts.indices.map { counts[..<$0].reduce(0, +) }
        let total = counts.reduce(0, +)
        switch self {
        case .concatenated: return Array(0..<total)
        case .interleavedUnder(nil):
            return (0..<(counts.min() ?? 0)).flatMap { row in offsets.map { $0 + row } }
        case .interleavedOver(nil):
            return (0..<(counts.max() ?? 0)).flatMap { row in zip(offsets, counts).map { $0 + row % $1 } }
        case .interleavedUnder(let probabilities?):
            return try drawn(counts, offsets, probabilities, seed, isOver: false)
        case .interleavedOver(let probabilities?):
            return try drawn(counts, offsets, probabilities, seed, isOver: true)
        }
    }

    private func drawn(_ counts: [Int], _ offsets: [Int], _ probabilities: [Double], _ seed: Int, isOver: Bool)
        throws(DataError) -> [Int]
    {
        guard probabilities.count == counts.count else {
            throw DataError("`interleave_probs` has \(probabilities.count) numbers for \(counts.count) data sets")
        }
        let sum = probabilities.reduce(0, +)
        guard probabilities.allSatisfy({ $0 >= 0 }), abs(sum - 1) < 1e-8, !isOver || !probabilities.contains(0),
            !counts.contains(0)
        else {
            throw DataError("`interleave_probs` must be above 0 and add up to 1; they are \(probabilities)")
        }
        // `Generator.choice(p:)`: the first place where the running sum exceeds a uniform number.
        var sums: [Double] = []
        for probability in probabilities { sums.append((sums.last ?? 0) + probability) }
        let last = sums.last ?? 1
        sums = sums.map { $0 / last }
        var random = NumPyRandom(seed: UInt64(bitPattern: Int64(seed)))
        var next = counts.map { _ in 0 }
        var isExhausted = counts.map { _ in false }
        var result: [Int] = []
        while isOver ? isExhausted.contains(false) : !isExhausted.contains(true) {
            let draw = random.uniform()
            let source = sums.firstIndex { $0 > draw } ?? counts.count - 1
            result.append(offsets[source] + next[source])
            next[source] += 1
            if next[source] >= counts[source] {
                isExhausted[source] = true
                next[source] = 0
            }
        }
        return result
    }
}
