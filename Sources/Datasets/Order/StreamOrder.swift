/// The order in which streamed data sets are gone through: mixed, then shuffled among a buffer of rows.
///
/// Only the numbers of the rows go through the buffer, so that an epoch's order is known beforehand and a run may go on from any place.
/// Sources: IterableDataset of Hugging Face's datasets 4.0 (BufferShuffled-, Cycling-, RandomlyCycling- and
/// VerticallyConcatenatedMultiSourcesExamplesIterable) behind LLaMA-Factory's `streaming: true`.
public struct StreamOrder: Sendable, Hashable {
    /// Rows of each data set.
    public let counts: [Int]
    public let mixture: DataMixture
    /// `buffer_size`.
    public let bufferSize: Int
    public let seed: Int
    /// Rows at the beginning of the first epoch that are evaluated on (`val_size`). They are left out of every epoch; the reference
    /// skips as many rows of each epoch's own order, so that from the second epoch on it trains on rows it evaluates on.
    public let numHeldOut: Int

    public init(counts: [Int], mixture: DataMixture, bufferSize: Int, seed: Int, numHeldOut: Int = 0) {
        self.counts = counts
        self.mixture = mixture
        self.bufferSize = bufferSize
        self.seed = seed
        self.numHeldOut = numHeldOut
    }

    /// The rows to evaluate on, as indices into the concatenation of the data sets.
    public func heldOut() throws(DataError) -> [Int] { Array(try shuffled(epoch: 0).prefix(numHeldOut)) }

    /// The rows of an epoch (from 0), as indices into the concatenation of the data sets.
    public func rows(epoch: Int) throws(DataError) -> [Int] {
        let rows = try shuffled(epoch: epoch)
        guard numHeldOut > 0 else { return rows }
        let held = Set(try heldOut())
        return rows.filter { !held.contains($0) }
    }

    private func shuffled(epoch: Int) throws(DataError) -> [Int] {
        var random = NumPyRandom(seed: UInt64(bitPattern: Int64(seed)))
        if epoch > 0 {
            let drawn = Int64(bitPattern: random.next() >> 1) &- Int64(epoch)
            random = NumPyRandom(seed: UInt64(bitPattern: drawn < 0 ? drawn &+ .min : drawn))
        }
        let rows = try mixed(random)
        var result: [Int] = [], buffer: [Int] = [], places: ArraySlice<Int> = []
        result.reserveCapacity(rows.count)
        for row in rows {
            guard buffer.count == bufferSize else {
                buffer.append(row)
                continue
            }
            if places.isEmpty { places = random.integers(below: bufferSize, count: 1000)[...] }
            let place = places.removeFirst()
            result.append(buffer[place])
            buffer[place] = row
        }
        random.shuffle(&buffer)
        return result + buffer
    }

    private func mixed(_ random: NumPyRandom) throws(DataError) -> [Int] {
        let offsets = counts.indices.map { counts[..<$0].reduce(0, +) }
        guard counts.count > 1 else { return Array(0..<(counts.first ?? 0)) }
        var random = random
        let probabilities: [Double]?, isOver: Bool
        switch mixture {
        case .concatenated:
            var sources = Array(counts.indices)
            random.shuffle(&sources)
            return sources.flatMap { offsets[$0]..<offsets[$0] + counts[$0] }
        // Without replacement nothing comes twice: Hugging Face has no streamed form of it, the order is the stored one.
        case .interleavedOnce: return try mixture.indices(counts: counts, seed: seed)
        case .interleavedUnder(let given): (probabilities, isOver) = (given, false)
        case .interleavedOver(let given): (probabilities, isOver) = (given, true)
        }
        guard !counts.contains(0) else { throw DataError("a data set without rows cannot be interleaved") }
        let sums = try probabilities.map { given throws(DataError) in
            try DataMixture.runningSums(given, count: counts.count, allowsZero: !isOver)
        }
        var next = counts.map { _ in 0 }, isExhausted = counts.map { _ in false }, result: [Int] = [], turn = 0
        while isOver ? isExhausted.contains(false) : !isExhausted.contains(true) {
            let source: Int
            if let sums {
                let draw = random.uniform()
                source = sums.firstIndex { $0 > draw } ?? counts.count - 1
            } else {
                source = turn % counts.count
                turn += 1
            }
            result.append(offsets[source] + next[source])
            next[source] += 1
            if next[source] == counts[source] {
                isExhausted[source] = true
                next[source] = 0
            }
        }
        return result
    }
}
