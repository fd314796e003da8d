import Testing

@testable import Basics

@Suite struct NumberTests {
    @Test func `bytes are given in the unit that suits them`() {
        let cases: [(Int, String)] = [
            (0, "0 B"), (812, "812 B"), (1000, "1.0 kB"), (12_345, "12.3 kB"), (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (162_200_000, "162.2 MB"), (24_985_600_000, "25.0 GB"), (5_000_000_000_000, "5000.0 GB"),
            (-2_000_000, "-2.0 MB"),
        ]
        for (bytes, text) in cases { #expect(bytes.byteText == text) }
    }

    @Test func `digits are grouped by three`() {
        #expect([0, 999, 1000, 20_185_088, -1234].map(\.grouped) == ["0", "999", "1,000", "20,185,088", "-1,234"])
    }

    @Test func `SplitMix64 gives its published sequence`() {
        // First values of the reference C code for seed 1234567.
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }
}
