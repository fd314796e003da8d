/// A data set's name with the number of rows to draw from it, ms-swift's "pets.jsonl#500".
struct SampledName {
    /// The name or path without the number.
    let base: String
    /// Rows to take.
    let count: Int

    /// Takes a name apart; nil when it ends with no "#" and digits.
    init?(_ name: String) {
        guard let mark = name.lastIndex(of: "#"), mark > name.startIndex else { return nil }
        let digits = name[name.index(after: mark)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(digits) else {
            return nil
        }
        base = String(name[..<mark])
        self.count = count
    }
}

extension NumPyLegacyRandom {
    /// The rows that ms-swift takes for "#count" of a data set: all of it as often as it fits, then the head of a permutation.
    ///
    /// Source: ms-swift's `sample_dataset` with `numpy.random.RandomState(seed)`, which goes on from data set to data set.
    public mutating func repeatedSample(of total: Int, count: Int) -> [Int] {
        guard total > 0, count > 0 else { return [] }
        let whole = (0..<count / total).flatMap { _ in 0..<total }
        return count % total == 0 ? whole : whole + permutation(total).prefix(count % total)
    }
}
