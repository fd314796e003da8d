/// Steele, Lea and Flood's SplitMix64 ("Fast splittable pseudorandom number generators", 2014, figure 16): small, fast, and
/// the same sequence on every machine.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    /// The published generator.
    package init(seed: UInt64) { state = seed }

    /// Any two seeds and streams give unrelated numbers.
    package init(seed: UInt64, stream: UInt64) {
        state = seed
        state = next() ^ (stream &* 0x9E37_79B9_7F4A_7C15)
        state = next()
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// U[0, 1), with 53 random bits.
    package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}
