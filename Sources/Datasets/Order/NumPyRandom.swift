/// NumPy's `default_rng(seed)`: PCG64 (XSL-RR 128/64) seeded through SeedSequence.
///
/// Sources: numpy/random/bit_generator.pyx, src/pcg64, src/distributions (bounded integers by masking).
public struct NumPyRandom: Sendable {
    private var state: UInt128
    private let increment: UInt128
    /// The high half of the last 64 bits, when only the low one was asked for.
    private var savedHalf: UInt32?

    /// The generator of `numpy.random.default_rng(seed)`.
    public init(seed: UInt64) {
        let words = SeedSequence(seed).state(count: 8).map { UInt128($0) }
        func value64(_ index: Int) -> UInt128 { words[2 * index] | words[2 * index + 1] << 32 }
        let initialState = value64(0) << 64 | value64(1)
        let initialSequence = value64(2) << 64 | value64(3)
        increment = initialSequence << 1 | 1
        state = 0
        step()
        state &+= initialState
        step()
    }

    private static let multiplier: UInt128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645

    private mutating func step() { state = state &* Self.multiplier &+ increment }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        step()
        let mixed = UInt64(truncatingIfNeeded: state >> 64) ^ UInt64(truncatingIfNeeded: state)
        let rotation = UInt64(truncatingIfNeeded: state >> 122)
        return mixed >> rotation | mixed << ((64 - rotation) & 63)
    }

    private mutating func next32() -> UInt32 {
        if let half = savedHalf {
            savedHalf = nil
            return half
        }
        let bits = next()
        savedHalf = UInt32(truncatingIfNeeded: bits >> 32)
        return UInt32(truncatingIfNeeded: bits)
    }

    /// A number from 0 to below 1: `Generator.random()`.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A whole number from 0 to `maximum`, both included; numbers above are drawn again (`random_interval`).
    private mutating func bounded(_ maximum: Int) -> Int {
        if maximum <= 0 { return 0 }
        let mask = UInt32.max >> UInt32(clamping: maximum).leadingZeroBitCount
        while true {
            let value = Int(next32() & mask)
            if value <= maximum { return value }
        }
    }

    /// `Generator.integers(0, bound, size=count)`: whole numbers below a bound of at most 2³² (Lemire's method).
    mutating func integers(below bound: Int, count: Int) -> [Int] {
        guard bound > 1 else { return [Int](repeating: 0, count: count) }
        let width = UInt64(bound), threshold = (UInt64(1) << 32) % width
        return (0..<count).map { _ in
            var product = UInt64(next32()) * width
            while product & 0xFFFF_FFFF < threshold { product = UInt64(next32()) * width }
            return Int(product >> 32)
        }
    }

    /// `Generator.shuffle(list)`.
    mutating func shuffle<Element>(_ list: inout [Element]) {
        for index in stride(from: list.count - 1, to: 0, by: -1) { list.swapAt(index, bounded(index)) }
    }

    /// `Generator.permutation(count)`; `count` is below 2³².
    public mutating func permutation(_ count: Int) -> [Int] {
        var result = Array(0..<max(count, 0))
        for index in stride(from: result.count - 1, to: 0, by: -1) {
            result.swapAt(index, bounded(index))
        }
        return result
    }
}

/// NumPy's way from a seed to a generator's first state.
private struct SeedSequence {
    private var pool: [UInt32]

    init(_ seed: UInt64) {
        let entropy = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32), 0, 0]
        var constant: UInt32 = 0x43B0_D7E5
        func hash(_ value: UInt32) -> UInt32 {
            var value = value ^ constant
            constant &*= 0x931E_8875
            value &*= constant
            return value ^ value >> 16
        }
        func mix(_ x: UInt32, _ y: UInt32) -> UInt32 {
            let result = 0xCA01_F9DD &* x &- 0x4973_F715 &* y
            return result ^ result >> 16
        }
        var pool = entropy.map(hash)
        for source in 0..<4 {
            for target in 0..<4 where source != target { pool[target] = mix(pool[target], hash(pool[source])) }
        }
        self.pool = pool
    }

    /// The first words that a generator is filled with.
    func state(count: Int) -> [UInt32] {
        var constant: UInt32 = 0x8B51_F9DD
        return (0..<count).map { index in
            var value = pool[index % 4] ^ constant
            constant &*= 0x58F3_8DED
            value &*= constant
            return value ^ value >> 16
        }
    }
}
