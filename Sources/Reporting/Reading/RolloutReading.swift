/// Reads the curves of a policy that learned from rewards for its own answers: reward, divergence, length, repetition, ties.
enum RolloutReading: StageReading {
    static func lines(_ facts: RunFacts) -> [String] {
        let rewards = facts.curve("reward"), count = rewards.count
        // PPO's has a reading of its own.
        guard count > 0, facts.curve("objective/kl").isEmpty else { return [] }
        guard count >= 8 else {
            return tooFew(count)
        }
        let (start, end) = ends(rewards)
        var lines = [trend(facts, start, end)]
        lines += [
            heldOut(facts, gained: end - start), divergence(facts), collapse(facts), length(facts, gained: end - start),
            repetition(facts), ties(facts, end),
            failures(facts),
        ].compactMap(\.self)
        return lines
    }

    private static func trend(_ facts: RunFacts, _ start: Double, _ end: Double) -> String {
        let spread = ends(facts.curve("reward_std")).start
        let span = "The mean reward went from \(text(start)) to \(text(end))"
        if end - start > 0.1 * max(spread, 1e-6) { return "\(span)." }
        if start - end > 0.1 * max(spread, 1e-6) {
            return
                "\(span): the policy got worse. Lower learning_rate (1e-6 for full models, 1e-5 for adapters), or raise beta."
        }
        return
            "\(span): it hardly moved. Are the rewards reachable at all (frac_reward_zero_std near 1 says that all answers to a prompt get the same)? Try more num_generations, a higher temperature, a reward for parts of the answer, or a higher learning_rate."
    }

    private static func divergence(_ facts: RunFacts) -> String? {
        let curve = facts.curve("kl")
        guard curve.count >= 8 else { return nil }
        let (start, end) = ends(curve), worst = curve.map(\.value).max() ?? 0
        if end > 1, end > 5 * max(start, 0.01) {
            return
                "The divergence from the reference (kl) blew up from \(text(start)) to \(text(end)) a token: the policy is far from where it started, and its answers may be no language any more. Raise beta, lower learning_rate or num_iterations, and use an earlier checkpoint."
        }
        if worst > 20 * max(end, 0.05) {
            return
                "The divergence from the reference (kl) had a peak of \(text(worst)): single updates were too large. Lower learning_rate, or max_grad_norm."
        }
        return nil
    }

    /// A policy without entropy writes the same answer each time and learns nothing more.
    private static func collapse(_ facts: RunFacts) -> String? {
        let curve = facts.curve("entropy")
        guard curve.count >= 8 else { return nil }
        let (start, end) = ends(curve)
        guard start > 0.05, end < 0.1 * start else { return nil }
        return
            "The entropy fell from \(text(start)) to \(text(end)): the policy is sure of every token and explores no more. That is the end of learning: stop there, or use epsilon_high: 0.28, a higher temperature, or a larger beta next time."
    }

    /// Longer answers for a reward that may be about length only.
    private static func length(_ facts: RunFacts, gained: Double) -> String? {
        let curve = facts.curve("completions/mean_length"), clipped = facts.curve("completions/clipped_ratio")
        guard curve.count >= 8, clipped.count >= 8 else { return nil }
        let (start, end) = ends(curve), cut = ends(clipped).end
        if cut > 0.3 {
            return
                "\(percent(cut)) of the last answers were cut off at max_completion_length: they are judged without their end. Raise max_completion_length, or add soft_overlong to reward_funcs (overlong_filter: true learns nothing from them)."
        }
        if end > 1.5 * start {
            return
                "Answers grew from \(text(start)) to \(text(end)) tokens\(gained > 0 ? " while the reward rose" : ""): read some in completions.jsonl. If length itself is what pays, add soft_overlong or cosine to reward_funcs, or loss_type: dr_grpo, which does not favour long wrong answers."
        }
        if end < 0.4 * start, start > 8 {
            return
                "Answers shrank from \(text(start)) to \(text(end)) tokens: the policy may have found that short ones pay. Read some in completions.jsonl, and add a reward for what is missing (format, for instance)."
        }
        return nil
    }

    private static func repetition(_ facts: RunFacts) -> String? {
        let curve = facts.curve("completions/repetition")
        guard curve.count >= 8 else { return nil }
        let (start, end) = ends(curve)
        guard end > 0.2, end > 2 * start else { return nil }
        return
            "Answers repeat themselves (\(percent(end)) of their four-token runs, \(percent(start)) at the start): a sign that the reward is being cheated. Add repetition to reward_funcs, raise beta, and use an earlier checkpoint."
    }

    private static func ties(_ facts: RunFacts, _ reward: Double) -> String? {
        let curve = facts.curve("frac_reward_zero_std")
        guard curve.count >= 8 else { return nil }
        let end = ends(curve).end
        guard end > 0.7 else { return nil }
        return
            "For \(percent(end)) of the last prompts all answers got the same reward, so nothing was learned from them: the prompts have become too easy (or are too hard). dynamic_sample: true replaces them; otherwise stop here, or take harder prompts."
    }

    private static func failures(_ facts: RunFacts) -> String? {
        let names = facts.rewardNames.filter { !facts.curve("rewards/\($0)/failed").isEmpty }
        guard !names.isEmpty else { return nil }
        return
            "Rewards failed for some answers, which were left out (\(names.joined(separator: ", "))): the warnings above say why, completions.jsonl which ones."
    }
}

extension RunFacts {
    /// Names of the rewards that were logged.
    fileprivate var rewardNames: [String] {
        let keys = Set(history.flatMap(\.keys)).filter { $0.hasPrefix("rewards/") && $0.hasSuffix("/failed") }
        return keys.map { String($0.dropFirst("rewards/".count).dropLast("/failed".count)) }.sorted()
    }
}
