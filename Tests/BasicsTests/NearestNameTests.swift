import Testing

@testable import Basics

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ac", 1),
        ("ac", "abc", 1),
        ("abc", "bac", 1), ("ca", "abc", 3), ("kitten", "sitting", 3),
    ])
    func `a distance counts insertions, deletions, replacements and swaps`(_ a: String, _ b: String, _ expected: Int) {
        #expect(NearestName.distance(a, b) == expected)
    }

    @Test func `the nearest is the one with fewest changes, the first by name among equals, or none`() {
        #expect(NearestName.nearest(to: "learning_rat", among: ["warmup_ratio", "learning_rate"]) == "learning_rate")
        #expect(NearestName.nearest(to: "instuction", among: ["instruction", "input"]) == "instruction")
        #expect(NearestName.nearest(to: "pest", among: ["pets", "best"]) == "best")
        #expect(NearestName.nearest(to: "QWEN", among: ["qwen"]) == "qwen")
        #expect(NearestName.nearest(to: "x", among: ["abc"]) == nil)
        #expect(NearestName.nearest(to: "abc", among: []) == nil)
    }

    @Test func `a hint names the nearest, or what there is`() {
        #expect(
            NearestName.hint(for: "qwn", among: ["qwen", "llama"], plural: "templates") == ": did you mean 'qwen'?")
        #expect(NearestName.hint(for: "zzz", among: ["a", "b"], plural: "templates") == "; the templates are 'a', 'b'")
        #expect(NearestName.hint(for: "zzz", among: [], plural: "data sets") == ": there are no data sets")
        let many = NearestName.hint(for: "zzzzzz", among: (0..<22).map { "n\($0)" }, plural: "names")
        #expect(many.hasPrefix("; the names are 'n0', 'n1'") && many.hasSuffix("'n19' and 2 more"))
    }
}
