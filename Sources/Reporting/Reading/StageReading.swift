/// Reads the curves that a kind of training logs beside its loss. One conformance a kind.
protocol StageReading {
    /// What the curves show and what to try; empty for a run of another kind.
    static func lines(_ facts: RunFacts) -> [String]
}

extension StageReading {
    /// Means of the first and the last tenth.
    static func ends(_ points: [RunFacts.Point]) -> (start: Double, end: Double) {
        let window = max(2, points.count / 10)
        func mean(_ part: ArraySlice<RunFacts.Point>) -> Double {
            part.reduce(0) { $0 + $1.value } / Double(max(1, part.count))
        }
        return (mean(points.prefix(window)), mean(points.suffix(window)))
    }

    static func text(_ value: Double) -> String { Python.format(value, "%.3g") }
    static func percent(_ share: Double) -> String { Python.format(share * 100, "%.0f") + " %" }

    /// What is said of a run with so few points that they show no trend.
    static func tooFew(_ count: Int) -> [String] {
        [
            "Only \(count) \(count == 1 ? "reward was" : "rewards were") logged: too few to see a trend. Set logging_steps lower."
        ]
    }

    /// Whether rewards for prompts that are not learned from follow those of the training.
    static func heldOut(_ facts: RunFacts, gained: Double) -> String? {
        let points = facts.curve("eval_reward")
        guard let first = points.first, let last = points.last, points.count > 1,
            let best = points.max(by: { $0.value < $1.value })
        else { return nil }
        let span =
            "On prompts that it did not learn from, the reward went from \(text(first.value)) to \(text(last.value)) (best: \(text(best.value)) at step \(best.step))"
        let rise = best.value - first.value
        if gained > 0, last.value - first.value < 0.3 * gained {
            return
                "\(span), far less than on its own: the policy learns the prompts by heart. Take more prompts, fewer epochs, or a larger divergence weight."
        }
        if best.value - last.value > 0.2 * rise, rise > 0 {
            return "\(span): use the checkpoint of that step (load_best_model_at_end: true keeps it)."
        }
        return "\(span)."
    }
}
