import JSON
import Testing

@testable import Reporting

/// What is said of PPO's curves.
struct PPOReadingTests {
    private func reading(_ curves: [String: (start: Double, end: Double)]) -> String {
        PPOReading.lines(facts(curves)).joined(separator: "\n")
    }

    private func facts(_ curves: [String: (start: Double, end: Double)]) -> RunFacts {
        let history = (0..<20).map { index -> LogRecord in
            var record: LogRecord = ["step": .int(index + 1), "loss": .double(0.1)]
            for (key, ends) in curves {
                record[key] = .double(ends.start + (ends.end - ends.start) * Double(index) / 19)
            }
            return record
        }
        return RunFacts(history: history, checkpointSteps: [], outputFolder: "out")
    }

    private let sound: [String: (start: Double, end: Double)] = [
        "reward": (0.4, 0.9), "reward_std": (0.5, 0.3), "objective/kl": (0, 2), "tokens/responses_len_mean": (20, 22),
        "completions/clipped_ratio": (0, 0), "completions/repetition": (0.05, 0.06), "ppo/val/var_explained": (0, 0.6),
    ]

    @Test func `a sound run is praised in two lines, other stages in none`() {
        let text = reading(sound)
        #expect(text.contains("The reward rose from 0.4") && text.split(separator: "\n").count == 2)
        #expect(reading(["rewards/margins": (0, 1)]).isEmpty)
    }

    @Test func `a run of PPO gets this reading, not that of grpo or of a loss`() {
        let lines = CurveReading.lines(facts(sound))
        #expect(lines.count == 2 && lines[0].hasPrefix("The reward rose") && lines[1].contains("nats an answer"))
    }

    @Test(arguments: [
        (0.5, "to 0.5 (best: 0.5 at step 20), far less than on its own"), (0.8, "to 0.8 (best: 0.8 at step 20)."),
    ])
    func `rewards on other prompts are compared with those of the training`(_ end: Double, _ words: String) {
        #expect(reading(sound.merging(["eval_reward": (0.4, end)]) { $1 }).contains(words))
    }

    @Test func `a value head that knows the mean alone is not called noise`() {
        let curves = sound.merging([
            "ppo/val/var_explained": (-0.2, 0.01), "ppo/val/mean": (0.1, 0.78), "ppo/returns/mean": (0.5, 0.8),
        ]) { $1 }
        #expect(reading(curves).contains("follows the mean of the returns (0.7") && !reading(curves).contains("noise"))
    }

    @Test(arguments: [
        ("objective/kl", 0.0, 90.0, "blew up"), ("objective/kl", 0, -9, "became negative"),
        ("tokens/responses_len_mean", 20, 90, "grew from"), ("tokens/responses_len_mean", 40, 3, "shrank from"),
        ("completions/repetition", 0.1, 0.8, "repeat themselves"), ("reward", 0.9, 0.2, "The reward fell"),
        ("reward", 0.5, 0.5, "hardly moved"), ("ppo/val/var_explained", 0, -1, "explains nothing"),
        ("completions/clipped_ratio", 0, 0.9, "max_new_tokens"),
    ])
    func `each trouble is named`(_ key: String, _ start: Double, _ end: Double, _ words: String) {
        #expect(reading(sound.merging([key: (start, end)]) { $1 }).contains(words))
    }
}
