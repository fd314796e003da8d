import JSON
import Testing

@testable import Reporting

struct RolloutReadingTests {
    /// A run of 40 updates; curves go from one number to another.
    private static func reading(_ curves: [String: (Double, Double)]) -> String {
        let base: [String: (Double, Double)] = [
            "loss": (0, 0), "reward": (0.5, 0.9), "reward_std": (0.4, 0.2), "kl": (0.01, 0.02), "entropy": (0.5, 0.3),
            "completions/mean_length": (100, 110), "completions/clipped_ratio": (0.02, 0.02),
            "completions/repetition": (0.02, 0.03), "frac_reward_zero_std": (0.1, 0.3),
        ]
        let all = base.merging(curves) { $1 }
        let history = (0..<40).map { step in
            var record: LogRecord = ["step": .int(step + 1)]
            for (key, ends) in all.sorted(by: { $0.key < $1.key }) {
                record[key] = .double(ends.0 + (ends.1 - ends.0) * Double(step) / 39)
            }
            return record
        }
        return CurveReading.lines(RunFacts(history: history, checkpointSteps: [], outputFolder: "out")).joined(
            separator: "\n")
    }

    @Test func `a good run gets one sentence`() {
        #expect(Self.reading([:]) == "The mean reward went from 0.515 to 0.885.")
    }

    @Test(arguments: [
        ("reward", 0.9, 0.3, "the policy got worse"), ("reward", 0.5, 0.51, "it hardly moved"),
        ("kl", 0.01, 8, "blew up"), ("entropy", 0.5, 0.001, "explores no more"),
        ("completions/mean_length", 100, 300, "Answers grew"), ("completions/mean_length", 100, 10, "Answers shrank"),
        ("completions/clipped_ratio", 0, 0.6, "cut off at max_completion_length"),
        ("completions/repetition", 0.02, 0.6, "being cheated"), ("frac_reward_zero_std", 0.1, 0.95, "dynamic_sample"),
        ("rewards/judge/failed", 1, 1, "left out (judge)"),
    ])
    func `signs of trouble are named with what to try`(_ key: String, _ start: Double, _ end: Double, _ text: String) {
        let reading = Self.reading([key: (start, end)])
        #expect(reading.contains(text), "\(reading)")
    }
}
