/// NumPy's global generator after `numpy.random.seed(seed)`, for LLaMA-Factory's `num_samples`.
///
/// Sources: numpy/random/mtrand.pyx, src/distributions (bounded integers by masking).
public struct NumPyLegacyRandom: Sendable {
    private var generator: MersenneTwister

    /// The generator after `numpy.random.seed(seed)`.
    public init(seed: UInt32) { generator = MersenneTwister(seed: seed) }

    /// The word of the state that is used next, the first one when all are used.
    var stateWord: UInt32 { generator.stateWord }

    /// Leaves out numbers of 32 bits.
    mutating func skip(_ count: Int) { for _ in 0..<count { _ = generator.next() } }

    /// A whole number from 0 to `maximum`, both included; numbers above are drawn again.
    private mutating func bounded(_ maximum: Int) -> Int {
        if maximum <= 0 { return 0 }
        let mask = UInt32.max >> UInt32(clamping: maximum).leadingZeroBitCount
        while true {
            let value = Int(generator.next() & mask)
            if value <= maximum { return value }
        }
    }

    /// `numpy.random.permutation(count)`.
    public mutating func permutation(_ count: Int) -> [Int] {
        var result = Array(0..<max(count, 0))
        for index in stride(from: result.count - 1, to: 0, by: -1) { result.swapAt(index, bounded(index)) }
        return result
    }

    /// The rows that LLaMA-Factory's `num_samples` takes: a permutation's head, then more drawn with repetition.
    public mutating func sample(of total: Int, count: Int) -> [Int] {
        guard total > 0 else { return [] }
        var result = Array(permutation(total).prefix(count))
        while result.count < count { result.append(bounded(total - 1)) }
        return result
    }
}
