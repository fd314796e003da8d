/// How several data sets become one.
public enum DataMixture: Sendable, Hashable {
    /// One after the other.
    case concatenated
    /// By turns, or drawn with probabilities, until the first data set is used up.
    case interleavedUnder(probabilities: [Double]?)
    /// By turns, or drawn with probabilities, until every row was there; rows of smaller data sets come several times.
    case interleavedOver(probabilities: [Double]?)
    /// By turns, or drawn with probabilities, until every row was there; a data set that is used up is passed over.
    case interleavedOnce(probabilities: [Double]?)

    private enum Stop { case first, last, lastWithoutRepetition }

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
        case .interleavedOnce(nil):
            return (0..<(counts.max() ?? 0)).flatMap { row in
                zip(offsets, counts).compactMap { row < $1 ? $0 + row : nil }
            }
        case .interleavedUnder(let probabilities?): return try drawn(counts, offsets, probabilities, seed, .first)
        case .interleavedOver(let probabilities?): return try drawn(counts, offsets, probabilities, seed, .last)
        case .interleavedOnce(let probabilities?):
            return try drawn(counts, offsets, probabilities, seed, .lastWithoutRepetition)
        }
    }

    /// `Generator.choice(p:)`: the first place where the running sum exceeds a uniform number.
    static func runningSums(_ probabilities: [Double], count: Int, allowsZero: Bool) throws(DataError) -> [Double] {
        guard probabilities.count == count else {
            throw DataError("`interleave_probs` has \(probabilities.count) numbers for \(count) data sets")
        }
        let sum = probabilities.reduce(0, +)
        guard probabilities.allSatisfy({ $0 >= 0 }), abs(sum - 1) < 1e-8, allowsZero || !probabilities.contains(0)
        else {
            throw DataError("`interleave_probs` must be above 0 and add up to 1; they are \(probabilities)")
        }
        var sums: [Double] = []
        for probability in probabilities { sums.append((sums.last ?? 0) + probability) }
        let last = sums.last ?? 1
        return sums.map { $0 / last }
    }

    private func drawn(_ counts: [Int], _ offsets: [Int], _ probabilities: [Double], _ seed: Int, _ stop: Stop)
        throws(DataError) -> [Int]
    {
        let sums = try Self.runningSums(probabilities, count: counts.count, allowsZero: stop == .first)
        guard !counts.contains(0) else { throw DataError("a data set without rows cannot be interleaved") }
        var random = NumPyRandom(seed: UInt64(bitPattern: Int64(seed)))
        var next = counts.map { _ in 0 }
        var isExhausted = counts.map { _ in false }
        var result: [Int] = []
        while stop == .first ? !isExhausted.contains(true) : isExhausted.contains(false) {
            let draw = random.uniform()
            let source = sums.firstIndex { $0 > draw } ?? counts.count - 1
            if stop == .lastWithoutRepetition, isExhausted[source] { continue }
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
