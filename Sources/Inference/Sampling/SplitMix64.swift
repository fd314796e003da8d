/// Steele, Lea and Flood's SplitMix64: small, fast, and any two seeds give unrelated streams.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64, stream: UInt64) {
        state = seed
        state = bits() ^ (stream &* 0x9E37_79B9_7F4A_7C15)
        state = bits()
    }

    mutating func bits() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// U[0, 1).
    mutating func uniform() -> Double { Double(bits() >> 11) * 0x1p-53 }
}
