import Basics

/// Draws whose sequence depends on the seed alone, on every machine and with every compiler.
struct DemoRandom: RandomNumberGenerator {
    private var source: SplitMix64

    init(seed: UInt64) { source = SplitMix64(seed: seed) }

    /// An independent generator for item `index` of the stream called `stream`, so that adding samples to one data set
    /// changes no picture of another.
    init(seed: UInt64, stream: UInt64, index: Int) {
        var mixer = DemoRandom(seed: seed &+ stream &* 0xA24B_AED4_963E_E407)
        let base = mixer.next()
        var second = DemoRandom(seed: base &+ UInt64(truncatingIfNeeded: index) &* 0x9FB2_1C65_1E98_DF25)
        source = SplitMix64(seed: second.next())
    }

    mutating func next() -> UInt64 { source.next() }

    /// Uniform in [0, 1), with 53 random bits.
    mutating func unit() -> Double { source.uniform() }

    /// Uniform in [low, high).
    mutating func real(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

    /// Uniform in `range`. The standard library's algorithm is not used because it may change between releases;
    /// the remainder's bias is below 1e-17 for the small ranges here.
    mutating func integer(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    mutating func flip(_ probability: Double = 0.5) -> Bool { unit() < probability }

    /// One of `choices`, which must not be empty.
    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[integer(0...choices.count - 1)] }

    /// `array` in random order (Fisher-Yates).
    mutating func shuffled<Element>(_ array: [Element]) -> [Element] {
        var result = array
        for index in stride(from: result.count - 1, to: 0, by: -1) {
            result.swapAt(index, integer(0...index))
        }
        return result
    }
}
