import RunConfig

extension GroupRelativeOptimization {
    /// TRL's numbers of a generation.
    func record(
        _ generation: Generation, _ totals: [Double?], _ advantages: Advantages, _ curves: inout CurveSums
    ) {
        let rollouts = generation.rollouts, table = generation.table
        for (column, name) in table.names.enumerated() {
            let known = rollouts.indices.filter { table.failures[$0] == nil }.map { table.values[$0][column] }
                .filter { !$0.isNaN }
            if !known.isEmpty {
                curves.add("rewards/\(name)/mean", GroupStatistics.mean(known))
                curves.add("rewards/\(name)/std", GroupStatistics.deviation(known))
            }
            let numFailures = table.numFailures(of: name)
            if numFailures > 0 { curves.add("rewards/\(name)/failed", Double(numFailures)) }
        }
        let known = totals.compactMap(\.self)
        let deviations = advantages.groups(rollouts.count).map { group in
            GroupStatistics.deviation(group.compactMap { totals[$0] })
        }
        curves.add("reward", GroupStatistics.mean(known))
        curves.add(
            "reward_std",
            advantages.scale == .batch
                ? GroupStatistics.deviation(known) : GroupStatistics.mean(deviations))
        curves.add(
            "frac_reward_zero_std", Double(deviations.count { $0 <= 1e-8 }) / Double(max(1, deviations.count)))
        let lengths = rollouts.map { Double($0.tokenIDs.count) }
        let ended = rollouts.filter { $0.finish == .stop }.map { Double($0.tokenIDs.count) }
        curves.add("completions/mean_length", GroupStatistics.mean(lengths))
        curves.add("completions/min_length", lengths.min() ?? 0)
        curves.add("completions/max_length", lengths.max() ?? 0)
        curves.add("completions/clipped_ratio", 1 - Double(ended.count) / Double(max(1, lengths.count)))
        curves.add("completions/mean_terminated_length", GroupStatistics.mean(ended))
        curves.add("completions/min_terminated_length", ended.min() ?? 0)
        curves.add("completions/max_terminated_length", ended.max() ?? 0)
        let repetition = rollouts.map(\.repeatedShare)
        curves.add("completions/repetition", GroupStatistics.mean(repetition))
        // Named once a generation, however many answers it concerns.
        var counts: [[String]: Int] = [:]
        for failure in table.failures.values { counts[[failure.name, failure.reason], default: 0] += 1 }
        for (failure, count) in counts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            tell("[warning] reward \(failure[0]): \(count) of \(rollouts.count) answers are left out: \(failure[1])")
        }
    }

    /// Writes a generation of training into completions.jsonl.
    func log(_ generation: Generation, _ judged: Judgement, step: Int) throws {
        guard let log = self.log else { return }
        let table = generation.table
        let prompts = Dictionary(
            uniqueKeysWithValues: try Set(generation.rollouts.map(\.prompt)).map {
                ($0, decode(try builder.examples.examples(of: $0).first?.inputIDs ?? []))
            })
        try log.append(
            generation.rollouts.indices.map { index in
                CompletionLog.Entry(
                    step: step + 1, prompt: prompts[generation.rollouts[index].prompt] ?? "",
                    answer: generation.answers[index],
                    rewards: zip(table.names, table.values[index]).map { ($0, $1) }, total: judged.totals[index],
                    advantage: judged.experiences[index].advantage,
                    failure: table.failures[index].map { "\($0.name): \($0.reason)" })
            })
    }
}
