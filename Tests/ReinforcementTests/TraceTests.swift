import Foundation
import Testing

@testable import Training

/// Runs of TRL 0.24's GRPOTrainer on given answers, update by update.
struct TraceTests {
    static let cases: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(Place.fixtures)/grpo")) ?? []
        return names.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }()

    /// What is compared beside the loss.
    static let keys = [
        "loss", "grad_norm", "reward", "reward_std", "frac_reward_zero_std", "rewards/first_reward/mean",
        "rewards/first_reward/std", "rewards/second_reward/mean", "rewards/second_reward/std",
        "completions/mean_length", "completions/min_length", "completions/max_length", "completions/clipped_ratio",
        "completions/mean_terminated_length", "completions/min_terminated_length",
        "completions/max_terminated_length", "kl", "entropy", "clip_ratio/low_mean", "clip_ratio/high_mean",
        "clip_ratio/region_mean",
    ]

    @Test func `all cases are there`() { #expect(Self.cases.count >= 12) }

    @Test(arguments: cases)
    func `losses, gradients, rewards, divergence, entropy and clipping are TRL's`(_ name: String) throws {
        let trace = try TraceFile(name), own = try replay(trace)
        #expect(own.count == trace.history.count && own.count >= 4)
        var numCompared = 0
        for (step, (mine, theirs)) in zip(own, trace.history).enumerated() {
            for key in Self.keys {
                // TRL logs a generation's numbers in its first update only.
                guard let expected = theirs[key], let value = mine[key] else { continue }
                let scale = max(1e-2, abs(expected))
                #expect(
                    abs(value - expected) <= 2e-4 * scale,
                    "\(name), update \(step + 1), \(key): \(value), TRL \(expected)")
                numCompared += 1
            }
        }
        #expect(numCompared >= own.count * 6)
    }
}
