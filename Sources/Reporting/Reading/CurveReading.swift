import JSON

/// Reads the curves of a run for the user: what they show, and which weights to use.
public enum CurveReading {
    /// A change smaller than this share of a value is called none.
    static let noise = 0.01
    /// A rise of eval_loss by more than this share of its best value is called overfitting.
    static let overfitting = 0.03

    /// One sentence or two a line, the most important first. Never empty.
    public static func lines(_ facts: RunFacts) -> [String] {
        let train = facts.curve("loss")
        let evals = facts.curve("eval_loss")
        guard let last = train.last else {
            return ["No training loss was logged, so there is nothing to read. Set logging_steps lower than the steps."]
        }
        var lines: [String] = []
        if let total = facts.totalSteps, let reached = facts.history.last?["step"]?.integer, reached < total {
            lines.append("The run ended at step \(reached) of \(total).")
        }
        if let broken = train.first(where: { !$0.value.isFinite }) ?? evals.first(where: { !$0.value.isFinite }) {
            return lines + brokenLines(facts, at: broken, evals: evals)
        }
        let rollouts = RolloutReading.lines(facts) + PPOReading.lines(facts)
        // The loss of a policy that learns from rewards says nothing: it is near 0 from the first step to the last.
        if !rollouts.isEmpty { return lines + rollouts + dataLines(facts) }
        lines += evals.isEmpty ? [trainingTrend(train), withoutEvaluation(facts, last: last)] : []
        if !evals.isEmpty { lines += evaluationLines(facts, train: train, evals: evals) }
        return lines + PreferenceReading.lines(facts) + dataLines(facts)
    }

    // MARK: A loss that is no number

    private static func brokenLines(_ facts: RunFacts, at broken: RunFacts.Point, evals: [RunFacts.Point]) -> [String] {
        let sound = facts.checkpointSteps.filter { $0 < broken.step }
        let finite = evals.filter { $0.value.isFinite && $0.step < broken.step }
        var lines = [
            "The loss became \(broken.value.isNaN ? "NaN" : "infinite") at step \(broken.step): weights from then on are of "
                + "no use. Lower learning_rate (a tenth is a good try), keep max_grad_norm at 1.0 or less, and prefer bf16 "
                + "to fp16."
        ]
        if let best = bestCheckpoint(sound, evals: finite) ?? sound.last {
            lines.append("Use \(folder(facts, best)): the \(best == sound.last ? "last" : "best") one saved before.")
        } else {
            lines.append("No checkpoint was saved before that: nothing of this run can be used.")
        }
        return lines
    }

    // MARK: Training loss

    /// What the training loss did over the run, in windows of a tenth so that single batches do not decide.
    static func trainingTrend(_ train: [RunFacts.Point]) -> String {
        let values = train.map(\.value)
        guard values.count >= 8 else {
            return
                "Only \(values.count) training \(values.count == 1 ? "loss was" : "losses were") logged: too few to see a "
                + "trend. Train longer or set logging_steps lower."
        }
        let window = max(2, values.count / 10)
        let start = mean(values.prefix(window))
        let end = mean(values.suffix(window))
        let span = "\(text(start)) to \(text(end))"
        if end > start * (1 + 5 * noise) {
            return "The training loss rose from \(span): learning_rate is too high."
        }
        if start - end < max(noise * abs(start), 0.25 * spread(values.suffix(window))) {
            return
                "The training loss hardly moved (\(span)): learning_rate may be too low, the training too short, or the "
                + "answers cannot be learned from these prompts."
        }
        // Falling still, when the last quarter brought more than a twentieth of the whole way.
        let quarter = max(4, values.count / 4)
        let recent = mean(values.suffix(quarter).prefix(quarter / 2)) - mean(values.suffix(quarter / 2))
        let isFalling = recent > 0.05 * (start - end) && recent > noise * abs(end)
        return "The training loss fell from \(span)"
            + (isFalling ? " and still falls at the end: more epochs can help." : " and has levelled off.")
    }

    private static func withoutEvaluation(_ facts: RunFacts, last: RunFacts.Point) -> String {
        "There was no evaluation, so nothing shows whether the run overfits, and the last weights are the ones to use. Set "
            + "val_size: 0.1 (or eval_dataset) with eval_strategy: steps to see it."
    }

    // MARK: Evaluation loss

    private static func evaluationLines(
        _ facts: RunFacts, train: [RunFacts.Point], evals: [RunFacts.Point]
    ) -> [String] {
        guard let best = evals.min(by: { $0.value < $1.value }), let last = evals.last, evals.count > 1 else {
            return [
                trainingTrend(train),
                "There was one evaluation only (eval_loss \(text(evals[0].value)) at step \(evals[0].step)). Set eval_steps "
                    + "lower to see where the best step is.",
            ]
        }
        let rise = (last.value - best.value) / max(abs(best.value), 1e-12)
        var lines: [String] = []
        if best.step == last.step {
            let previous = evals[evals.count - 2]
            let isFalling = previous.value - last.value > noise * abs(previous.value)
            lines.append(
                "eval_loss is best at the last evaluation (\(text(best.value)) at step \(best.step)): no overfitting"
                    + (isFalling ? ", and it still falls, so more epochs can help." : "; it has levelled off."))
        } else if rise > overfitting {
            let then = nearest(train, to: best.step), now = train.last ?? best
            lines.append(
                "eval_loss is best at step \(best.step) (\(text(best.value))) and rises by \(percent(rise)) to "
                    + "\(text(last.value)) afterwards, while the training loss goes from \(text(then.value)) to "
                    + "\(text(now.value)): the run overfits after step \(best.step).")
        } else {
            lines.append(
                "eval_loss is best at step \(best.step) (\(text(best.value))) and "
                    + (rise > noise ? "rises only a little afterwards" : "stays level afterwards")
                    + " (\(text(last.value)) at step \(last.step)): no clear overfitting.")
        }
        lines.append(advice(facts, evals: evals, best: best, last: last))
        if rise > overfitting {
            lines.append(
                "Next time: load_best_model_at_end: true keeps the best step by itself, early_stopping_steps ends the run "
                    + "there; fewer epochs, more data or a lower learning_rate reduce overfitting.")
        } else {
            let trend = trainingTrend(train)
            if !trend.hasPrefix("The training loss fell") { lines.append(trend) }
        }
        return lines
    }

    /// Which weights to use.
    private static func advice(
        _ facts: RunFacts, evals: [RunFacts.Point], best: RunFacts.Point, last: RunFacts.Point
    ) -> String {
        if let loaded = facts.loadedBestStep {
            return "Use \(facts.outputFolder): it holds the weights of step \(loaded), the best saved one."
        }
        let isLevel = last.value - best.value <= noise * abs(best.value)
        if isLevel { return "Use \(facts.outputFolder): the last weights are as good as any of this run." }
        guard let step = bestCheckpoint(facts.checkpointSteps, evals: evals) else {
            return "No checkpoint was saved near step \(best.step), so only the last weights are left, in "
                + "\(facts.outputFolder). Set save_steps equal to eval_steps."
        }
        if step == best.step { return "Use \(folder(facts, step))." }
        let value = evals.first { $0.step == step }.map { " (eval_loss \(text($0.value)))" } ?? ""
        return
            "Use \(folder(facts, step))\(value): the nearest saved to step \(best.step). Set save_steps equal to eval_steps "
            + "to keep the best step itself."
    }

    /// The checkpoint to prefer: the one with the lowest eval_loss; where none was saved at an evaluated step, the nearest
    /// at or before the best step, else the first after it.
    static func bestCheckpoint(_ steps: [Int], evals: [RunFacts.Point]) -> Int? {
        guard let best = evals.min(by: { $0.value < $1.value }) else { return nil }
        let evaluated = evals.filter { steps.contains($0.step) }.min { $0.value < $1.value }
        return evaluated?.step ?? steps.last { $0 <= best.step } ?? steps.first
    }

    // MARK: Data

    private static func dataLines(_ facts: RunFacts) -> [String] {
        var lines: [String] = []
        if let count = facts.numTrainExamples, count < 100 {
            lines.append(
                "There are only \(count) training examples: check by hand what the model answers to new prompts.")
        }
        if let count = facts.numEvalExamples, count < 30, !facts.curve("eval_loss").isEmpty {
            lines.append("The evaluation rests on \(count) examples: small differences of eval_loss mean little.")
        }
        return lines
    }

    // MARK: Helpers

    private static func folder(_ facts: RunFacts, _ step: Int) -> String { "\(facts.outputFolder)/checkpoint-\(step)" }
    private static func text(_ value: Double) -> String { Python.format(value, "%.4g") }
    private static func percent(_ share: Double) -> String { Python.format(share * 100, "%.0f") + " %" }

    private static func nearest(_ points: [RunFacts.Point], to step: Int) -> RunFacts.Point {
        points.min { abs($0.step - step) < abs($1.step - step) } ?? RunFacts.Point(step: step, value: .nan)
    }

    private static func mean(_ values: some Collection<Double>) -> Double {
        values.reduce(0, +) / Double(max(1, values.count))
    }

    /// Standard deviation.
    private static func spread(_ values: some Collection<Double>) -> Double {
        let center = mean(values)
        return mean(values.map { ($0 - center) * ($0 - center) }).squareRoot()
    }
}
