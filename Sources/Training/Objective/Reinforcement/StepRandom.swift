/// Draws that depend on the seed, the step and the pass only, so that a resumed run draws the same: SplitMix64 (Steele et al. 2014).
struct StepRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, step: Int, pass: Int) {
        state = seed &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(step) << 20 ^ UInt64(pass)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
