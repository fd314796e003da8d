extension NumPyLegacyRandom {
    /// The order of Hugging Face's `Dataset.shuffle()` without a seed: NumPy's global generator lends a word of its state
    /// as the seed of a new generator and moves on by one `numpy.random.random()` (datasets/arrow_dataset.py).
    public mutating func shuffledIndices(_ count: Int) -> [Int] {
        guard count > 0 else { return [] }
        let seed = stateWord
        skip(2)
        var generator = NumPyRandom(seed: UInt64(seed))
        return generator.permutation(count)
    }
}
