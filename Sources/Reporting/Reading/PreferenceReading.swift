/// Reads the curves of preference training: rewards, margins, log-probabilities and the divergence from the reference.
enum PreferenceReading: StageReading {
    static func lines(_ facts: RunFacts) -> [String] {
        let margins = facts.curve("rewards/margins"), count = margins.count
        guard count > 0 else { return [] }
        guard count >= 8 else {
            return tooFew(count)
        }
        var lines = [trend(facts, margins)]
        lines += sides(facts)
        lines += [stuck(facts), divergence(facts)].compactMap(\.self)
        return lines
    }

    // MARK: Margin and accuracy

    private static func trend(_ facts: RunFacts, _ margins: [RunFacts.Point]) -> String {
        let (start, end) = ends(margins)
        let accuracies =
            facts.curve("rewards/accuracies").isEmpty ? facts.curve("accuracy") : facts.curve("rewards/accuracies")
        let accuracy =
            accuracies.isEmpty
            ? "" : "; the better answer got the higher reward in \(percent(ends(accuracies).end)) of the last pairs"
        return "The reward margin went from \(text(start)) to \(text(end))\(accuracy)."
    }

    /// Accuracy that stays at chance, or a loss that stays at log 2.
    private static func stuck(_ facts: RunFacts) -> String? {
        let losses = facts.curve("loss"), accuracies = facts.curve("rewards/accuracies")
        guard losses.count >= 8 else { return nil }
        if losses.allSatisfy({ abs($0.value - 0.6931472) < 1e-4 }) {
            return
                "The loss stayed at 0.6931 (log 2): policy and reference give the same rewards. Is anything trained (learning_rate above 0), are the pairs different, and is the reference another model than the policy?"
        }
        guard accuracies.count >= 8 else { return nil }
        let (start, end) = ends(accuracies)
        guard abs(end - 0.5) < 0.08, abs(start - 0.5) < 0.2 else { return nil }
        return
            "The accuracy stayed at chance (\(percent(end))): the pairs may contradict each other or be labelled the wrong way round, or learning_rate is too low (5e-6 for full models, 5e-5 for adapters are usual)."
    }

    // MARK: Chosen and rejected

    /// Where the margin comes from: rewards of the better answer may fall while the margin grows.
    private static func sides(_ facts: RunFacts) -> [String] {
        let chosen = facts.curve("rewards/chosen"), rejected = facts.curve("rewards/rejected")
        guard chosen.count >= 8, rejected.count >= 8, facts.curve("logps/chosen").count >= 8 else { return [] }
        let (c, r) = (ends(chosen), ends(rejected))
        let rise = c.end - c.start, fall = r.end - r.start
        let size = max(abs(rise), abs(fall))
        guard size > 0, rise - fall > 0.1 * size else { return [] }
        let weight = facts.supervisedWeight
        let hold = weight > 0 ? "raise pref_ftx (now \(text(weight)))" : "add pref_ftx: 0.1"
        if rise < -0.1 * size, fall < 0 {
            return [
                "Both rewards fell (chosen by \(text(-rise)), rejected by \(text(-fall))): the model becomes less likely to give the better answers too, only the worse ones more so. Raise pref_beta, lower learning_rate, train fewer epochs, or \(hold) to hold the better answers; look at what the model now writes."
            ]
        }
        if rise < 0.1 * size {
            let advice =
                weight > 0
                ? "That is as it should be where pref_ftx holds likely answers in their place"
                : "The model learns what to avoid, not what to write: pref_ftx: 0.1, or orpo, also teaches the better answers; supervised fine-tuning on them first helps too"
            return [
                "The margin grew through the rejected answers alone (their reward fell by \(text(-fall)), that of the chosen ones hardly moved). \(advice)."
            ]
        }
        return []
    }

    // MARK: Divergence

    /// Log-probabilities that run away, or KTO's estimate of the divergence.
    private static func divergence(_ facts: RunFacts) -> String? {
        let divergences = facts.curve("kl")
        if divergences.count >= 8 {
            let (start, end) = ends(divergences)
            if end > 20, end > 4 * start {
                return
                    "The divergence from the reference (kl) rose from \(text(start)) to \(text(end)): the model is far from where it started. Raise pref_beta or lower learning_rate."
            }
        }
        let chosen = facts.curve("rewards/chosen"), rejected = facts.curve("rewards/rejected")
        guard facts.curve("logps/chosen").count >= 8, chosen.count >= 8, rejected.count >= 8 else { return nil }
        let worst = max(abs(ends(chosen).end), abs(ends(rejected).end))
        guard worst > 20 else { return nil }
        return
            "Rewards of \(text(worst)) mean that the model has moved far from the reference. Raise pref_beta, lower learning_rate or train fewer epochs, and read some answers before you use it."
    }
}
