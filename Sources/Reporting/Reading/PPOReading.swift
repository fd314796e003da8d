/// Reads the curves of PPO: whether the reward rose and at what price, and whether the value head learned.
enum PPOReading: StageReading {
    static func lines(_ facts: RunFacts) -> [String] {
        let divergences = facts.curve("objective/kl"), rewards = facts.curve("reward")
        guard !divergences.isEmpty, !rewards.isEmpty else { return [] }
        guard rewards.count >= 8 else {
            return tooFew(rewards.count)
        }
        let gained = ends(rewards).end - ends(rewards).start
        return [trend(facts, rewards)]
            + [
                heldOut(facts, gained: gained), divergence(facts, divergences), length(facts), repetition(facts),
                values(facts), skipped(facts),
            ]
            .compactMap(\.self)
    }

    private static func trend(_ facts: RunFacts, _ rewards: [RunFacts.Point]) -> String {
        let (start, end) = ends(rewards), deviations = facts.curve("reward_std")
        let noise = deviations.isEmpty ? 0.01 * abs(start) : ends(deviations).start * 0.2
        let span = "from \(text(start)) to \(text(end))"
        if end < start - noise {
            return
                "The reward fell \(span): the policy gets worse at what it is rewarded for. Lower learning_rate or ppo_epochs, raise per_device_train_batch_size or gradient_accumulation_steps, and read completions.jsonl."
        }
        if end < start + noise {
            return
                "The reward hardly moved (\(span)): train longer, raise learning_rate, or lower ppo_init_kl_coef; where all answers to a prompt get the same reward there is nothing to learn (raise temperature)."
        }
        return "The reward rose \(span)."
    }

    private static func divergence(_ facts: RunFacts, _ divergences: [RunFacts.Point]) -> String? {
        let (start, end) = ends(divergences)
        let lengths = facts.curve("tokens/responses_len_mean")
        let perToken = lengths.isEmpty ? 0 : abs(end) / max(1, ends(lengths).end)
        if end < -1 {
            return
                "The divergence from the reference became negative (\(text(end))): answers are drawn otherwise than the policy's probabilities say, or the policy collapses. Use temperature: 1.0, top_p: 1.0, top_k: 0, and lower learning_rate."
        }
        if end > 20, end > 4 * max(start, 1) {
            return
                "The divergence from the reference blew up (\(text(start)) to \(text(end)) nats an answer, \(text(perToken)) a token): the reward of such a policy means little. Lower learning_rate or ppo_epochs, raise ppo_init_kl_coef, or lower ppo_target."
        }
        return
            "The policy is \(text(end)) nats an answer from the reference\(perToken > 0 ? " (\(text(perToken)) a token)" : "")."
    }

    /// Answers that grow or shrink while the reward rises are the commonest way to cheat a reward model.
    private static func length(_ facts: RunFacts) -> String? {
        let lengths = facts.curve("tokens/responses_len_mean")
        guard lengths.count >= 8 else { return nil }
        let (start, end) = ends(lengths)
        if end > 2 * start, end > start + 8 {
            return
                "Answers grew from \(text(start)) to \(text(end)) tokens: the reward may pay for length. Read the newest lines of completions.jsonl; a reward for brevity (soft_overlong) or a better reward model helps."
        }
        if end < start / 2, start > end + 8 {
            return
                "Answers shrank from \(text(start)) to \(text(end)) tokens: the reward may pay for saying nothing. Read the newest lines of completions.jsonl."
        }
        let cut = facts.curve("completions/clipped_ratio")
        if cut.count >= 8, ends(cut).end > 0.3 {
            return
                "\(percent(ends(cut).end)) of the last answers reached max_new_tokens and have no end: raise it, or the reward judges halves of answers."
        }
        return nil
    }

    private static func repetition(_ facts: RunFacts) -> String? {
        let shares = facts.curve("completions/repetition")
        guard shares.count >= 8 else { return nil }
        let (start, end) = ends(shares)
        guard end > 0.3, end > start + 0.15 else { return nil }
        return
            "Answers repeat themselves (\(percent(start)) to \(percent(end)) of their four-token runs came before): the policy cheats the reward or collapses. Use an earlier checkpoint, raise ppo_init_kl_coef, lower learning_rate."
    }

    private static func values(_ facts: RunFacts) -> String? {
        let explained = facts.curve("ppo/val/var_explained")
        guard explained.count >= 8 else { return nil }
        let (start, end) = ends(explained)
        guard end < 0.05, end < start + 0.3 else { return nil }
        let returns = facts.curve("ppo/returns/mean"), values = facts.curve("ppo/val/mean")
        if !returns.isEmpty, !values.isEmpty, abs(ends(returns).end - ends(values).end) < 0.1 * abs(ends(returns).end) {
            return
                "The value head follows the mean of the returns (\(text(ends(values).end)) for \(text(ends(returns).end))) and explains no more of them. Of short answers that are right or wrong there is no more to know: who knew which are wrong would not give them. For long answers raise ppo_vf_coef or learning_rate, or train longer."
        }
        return
            "The value head explains nothing of the returns (\(text(end)) of their variance): advantages are noise. Raise ppo_vf_coef or learning_rate, train longer, or set ppo_score_norm: true when scores are large."
    }

    private static func skipped(_ facts: RunFacts) -> String? {
        let skipped = facts.curve("completions/skipped")
        guard !skipped.isEmpty else { return nil }
        return
            "In \(skipped.count) logged steps answers had no score and were left out; completions.jsonl says why (`left_out`)."
    }
}
