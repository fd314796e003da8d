/// PyTorch's random permutations.
public enum TorchPermutation {
    /// Longer permutations are drawn with 64 random bits an element.
    private static let longCount = Int(UInt32.max / 20)

    /// `torch.randperm(count)` on the CPU with a generator of this seed.
    ///
    /// Source: `randperm_cpu` in ATen/native/TensorFactories.cpp; the generator takes the seed's low 32 bits.
    public static func randperm(_ count: Int, seed: Int) -> [Int] {
        guard count > 0 else { return [] }
        var generator = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
        var result = Array(0..<count)
        for index in 0..<(count - 1) {
            var bits = UInt64(generator.next())
            if count >= longCount { bits = bits << 32 | UInt64(generator.next()) }
            result.swapAt(index, index + Int(bits % UInt64(count - index)))
        }
        return result
    }
}
