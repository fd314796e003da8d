/// The generator MT19937 with 32-bit results: PyTorch's CPU generator and NumPy's old one.
///
/// M. Matsumoto, T. Nishimura: Mersenne Twister, ACM TOMACS 8 (1998), with `init_genrand` of 2002.
struct MersenneTwister: Sendable {
    private static let size = 624
    private static let shift = 397
    private var state: [UInt32]
    private var index = size

    init(seed: UInt32) {
        state = [seed]
        state.reserveCapacity(Self.size)
        var last = seed
        for position in 1..<UInt32(Self.size) {
            last = 1_812_433_253 &* (last ^ (last >> 30)) &+ position
            state.append(last)
        }
    }

    /// The word of the state that is used next, the first one when all are used.
    var stateWord: UInt32 { state[index == Self.size ? 0 : index] }

    /// The next 32 random bits.
    mutating func next() -> UInt32 {
        if index == Self.size { refill() }
        var value = state[index]
        index += 1
        value ^= value >> 11
        value ^= (value << 7) & 0x9D2C_5680
        value ^= (value << 15) & 0xEFC6_0000
        return value ^ (value >> 18)
    }

    private mutating func refill() {
        let size = Self.size
        for position in 0..<size {
            let mixed = (state[position] & 0x8000_0000) | (state[(position + 1) % size] & 0x7FFF_FFFF)
            let twist: UInt32 = mixed & 1 == 0 ? 0 : 0x9908_B0DF
            state[position] = state[(position + Self.shift) % size] ^ (mixed >> 1) ^ twist
        }
        index = 0
    }
}
