import JSON
import Testing

@testable import Reporting

/// What the curves of preference training say.
struct PreferenceReadingTests {
    private func facts(_ count: Int = 20, _ values: (Double) -> [String: Double]) -> RunFacts {
        let history = (0..<count).map { step -> LogRecord in
            var record: LogRecord = ["step": .int(step + 1)]
            let values = values(Double(step) / Double(count - 1))
            for (key, value) in values.sorted(by: { $0.key < $1.key }) { record[key] = .double(value) }
            return record
        }
        return RunFacts(history: history, checkpointSteps: [], outputFolder: "out")
    }

    private func rewards(_ chosen: Double, _ rejected: Double, loss: Double = 0.5, accuracy: Double = 0.9) -> [String:
        Double]
    {
        [
            "loss": loss, "rewards/chosen": chosen, "rewards/rejected": rejected, "rewards/margins": chosen - rejected,
            "rewards/accuracies": accuracy, "logps/chosen": -100 + 10 * chosen, "logps/rejected": -100 + 10 * rejected,
        ]
    }

    @Test func `a sound run only hears its margin`() {
        let lines = PreferenceReading.lines(facts { rewards(2 * $0, -2 * $0, loss: 0.69 - 0.5 * $0) })
        #expect(lines.count == 1 && lines[0].contains("the higher reward in 90 % of the last pairs"), "\(lines)")
    }

    @Test func `both rewards falling is told with what to try`() {
        let lines = PreferenceReading.lines(facts { rewards(-2 * $0, -6 * $0) })
        #expect(
            lines.contains { $0.hasPrefix("Both rewards fell (chosen by") && $0.contains("pref_ftx: 0.1") }, "\(lines)")
    }

    @Test func `a margin through the rejected side alone is told`() {
        let lines = PreferenceReading.lines(facts { rewards(0.01 * $0, -4 * $0) })
        #expect(lines.contains { $0.hasPrefix("The margin grew through the rejected answers alone") }, "\(lines)")
    }

    @Test func `where pref_ftx holds the better answers, more of it is advised, or nothing`() {
        var falling = facts { rewards(-2 * $0, -6 * $0) }
        falling.supervisedWeight = 0.1
        let lines = PreferenceReading.lines(falling)
        #expect(lines.contains { $0.contains("or raise pref_ftx (now 0.1)") }, "\(lines)")
        var held = facts { rewards(0.01 * $0, -4 * $0) }
        held.supervisedWeight = 0.1
        #expect(PreferenceReading.lines(held).contains { $0.contains("as it should be") })
    }

    @Test func `chance, log 2 and a far policy are told`() {
        let stuck = PreferenceReading.lines(facts { _ in rewards(0, 0, loss: 0.693147, accuracy: 0) })
        #expect(stuck.contains { $0.hasPrefix("The loss stayed at 0.6931") }, "\(stuck)")
        let chance = PreferenceReading.lines(facts { rewards(0.01 * $0, 0, loss: 0.7, accuracy: 0.5) })
        #expect(chance.contains { $0.hasPrefix("The accuracy stayed at chance (50 %)") }, "\(chance)")
        let far = PreferenceReading.lines(facts { rewards(40 * $0, -80 * $0) })
        #expect(far.contains { $0.contains("moved far from the reference") }, "\(far)")
        let divergence = PreferenceReading.lines(facts { ["loss": 0.5, "rewards/margins": $0, "kl": 1 + 60 * $0] })
        #expect(divergence.contains { $0.hasPrefix("The divergence from the reference (kl) rose") }, "\(divergence)")
    }

    @Test func `a run without rewards hears nothing`() {
        #expect(PreferenceReading.lines(facts { ["loss": 1 - $0] }).isEmpty)
    }
}
