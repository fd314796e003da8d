import Datasets
import Foundation
public import Models
import Reporting
import RunConfig
import Torch

extension GroupRelativeOptimization {
    public func experience(
        of data: StepData, step: Int, model: LanguageModel, options: ForwardOptions
    ) throws -> StepData {
        if !hasStarted {
            hasStarted = true
            try log?.keep(before: step)
        }
        var result = StepData(packs: [])
        for prompts in data.prompts { try generate(prompts, step, model, options, &result.curves) }
        // An update at the end of an epoch may have fewer.
        let batches = Array(queue.prefix(settings.plan.accumulation))
        queue.removeFirst(batches.count)
        current = batches.flatMap { used($0, numBatches: batches.count) }
        // Answers that nothing is learned from need no pass, as long as there is one at all.
        let learned = current.filter(\.experience.isLearned)
        // Answers to one prompt share its tokens where they stand side by side.
        let sorted = learned.enumerated().sorted {
            ($0.element.experience.rollout.prompt, $0.offset) < ($1.element.experience.rollout.prompt, $1.offset)
        }.map(\.element)
        current = sorted.isEmpty ? Array(current.prefix(1)) : sorted
        result.packs = try packs(current.map(\.experience.rollout))
        return result
    }

    /// Packs of answers whose `prompt` is a number of the run's samples.
    private func packs(_ rollouts: [Rollout]) throws -> [PackData] {
        let samples = Set(rollouts.map(\.prompt)).sorted()
        let prompts = try samples.map(builder.prompt)
        let places = Dictionary(uniqueKeysWithValues: zip(samples, samples.indices))
        var local = rollouts
        for index in local.indices { local[index].prompt = places[local[index].prompt] ?? 0 }
        return RolloutPacks(builder.vision, packTokens: settings.packTokens).packs(local, prompts: prompts)
    }

    // MARK: one generation

    /// Answers with their rewards, prompts' answers side by side.
    private struct Generation {
        var rollouts: [Rollout] = []
        var answers: [JudgedAnswer] = []
        var values: [[Double]] = []
        var failures: [Int: (name: String, reason: String)] = [:]
    }

    private func generate(
        _ prompts: [RolloutPrompt], _ step: Int, _ model: LanguageModel, _ options: ForwardOptions,
        _ curves: inout CurveSums
    ) throws {
        engine.weightsChanged()
        var (generation, table) = try write(prompts)
        if settings.maxResamples > 0 { (generation, table) = try replaceTies(generation, table, &curves) }
        let rollouts = generation.rollouts
        var old: [[Float]]?, references: [[Float]]?
        let needsKL = settings.beta > 0 && settings.takesDivergenceOffReward
        if settings.plan.needsOldPolicy || needsKL {
            old = try logprobs(rollouts, model) { pack in
                noGrad {
                    AnswerPass(pack, model: model, options: options, temperature: self.settings.rollout.temperature)
                        .values
                }
            }
        }
        if settings.beta > 0 {
            references = try logprobs(rollouts, model) { pack in
                self.reference.logprobs(
                    pack, policy: model, options: options, temperature: self.settings.rollout.temperature)
            }
        }
        var totals = rollouts.indices.map(table.total)
        if needsKL, let old, let references {
            let divergences = rollouts.indices.map { Divergence.k1(policy: old[$0], reference: references[$0]) }
            for index in totals.indices { totals[index]? -= settings.beta * divergences[index] }
            curves.add("kl", GroupStatistics.mean(divergences))
        }
        let advantages =
            settings.advantages.scale == .gdpo ? settings.advantages.decoupled(table) : settings.advantages(totals)
        record(rollouts, table, totals, &curves)
        try write(generation, table, totals, advantages, step: step)
        var experiences = rollouts.indices.map { index in
            let isLearned =
                table.failures[index] == nil
                && !(settings.leavesOutTruncated && rollouts[index].finish == .length)
            return Experience(
                rollout: rollouts[index], advantage: advantages[index], isLearned: isLearned,
                old: settings.plan.needsOldPolicy ? old?[index] : nil,
                reference: settings.takesDivergenceOffReward ? nil : references?[index])
        }
        // TRL shuffles a generation before it is cut, so that the answers to a prompt may meet in different updates.
        if settings.plan.needsOldPolicy || settings.plan.numSlices > settings.plan.accumulation {
            var random = SplitMix64(seed: settings.seed, stream: numDrawn)
            experiences.shuffle(using: &random)
        }
        let size = max(1, experiences.count / settings.plan.numSlices)
        let numTokens = rollouts.reduce(0) { $0 + $1.tokenIDs.count }
        let slices = stride(from: 0, to: experiences.count, by: size).map {
            ExperienceBatch(
                answers: Array(experiences[$0..<min($0 + size, experiences.count)]), generationTokens: numTokens,
                step: step)
        }
        for _ in 0..<settings.plan.numIterations { queue += slices }
    }

    /// Draws answers to prompts and judges them; the rollouts' prompts become numbers of samples.
    private func write(_ prompts: [RolloutPrompt]) throws -> (Generation, RewardTable) {
        let size = settings.plan.groupSize
        let bar = ProgressBar(title: "answers", unit: "answer", total: prompts.count * size, delaySeconds: 2)
        defer { bar.finish() }
        var rollouts = try scope("writing answers") {
            try engine.rollouts(of: prompts, numSamples: size, firstNumber: numDrawn) { bar.advance() }
        }
        numDrawn += UInt64(rollouts.count)
        let answers = rollouts.map { rollout in
            let prompt = prompts[rollout.prompt]
            return JudgedAnswer(
                task: prompt.task, text: decode(Array(rollout.contentIDs)), numTokens: rollout.tokenIDs.count,
                isComplete: rollout.finish == .stop, origin: prompt.origin)
        }
        let table = try RewardTable(answers, rewards: rewards, weights: settings.rewardWeights)
        for index in rollouts.indices { rollouts[index].prompt = prompts[rollouts[index].prompt].sample }
        return (Generation(rollouts: rollouts, answers: answers), table)
    }

    /// DAPO's dynamic sampling: prompts whose answers all have the same reward teach nothing and are replaced. As ms-swift the
    /// first generation stays when too few are found.
    private func replaceTies(
        _ first: Generation, _ firstTable: RewardTable, _ curves: inout CurveSums
    ) throws -> (Generation, RewardTable) {
        var kept = Generation(), values: [[Double]] = [], failures: [Int: (name: String, reason: String)] = [:]
        let wanted = first.rollouts.count
        var (generation, table) = (first, firstTable), numResamples = 0
        while true {
            for group in settings.advantages.groups(generation.rollouts.count) {
                guard kept.rollouts.count < wanted, GroupStatistics.deviation(group.compactMap(table.total)) > 0 else {
                    continue
                }
                for index in group {
                    if let failure = table.failures[index] { failures[kept.rollouts.count] = failure }
                    kept.rollouts.append(generation.rollouts[index])
                    kept.answers.append(generation.answers[index])
                    values.append(table.values[index])
                }
            }
            guard kept.rollouts.count < wanted, numResamples < settings.maxResamples else { break }
            numResamples += 1
            var random = SplitMix64(seed: settings.seed &+ 1, stream: numDrawn)
            let samples = (0..<settings.plan.numPrompts).map { _ in Int.random(in: 0..<builder.count, using: &random) }
            (generation, table) = try write(try samples.map(builder.prompt))
        }
        curves.add("resamples", Double(numResamples))
        guard kept.rollouts.count >= wanted else {
            tell(
                "[note] dynamic_sample: after \(numResamples) further generations there are still prompts whose answers all have the same reward."
            )
            return (first, firstTable)
        }
        var result = RewardTable(names: firstTable.names, weights: firstTable.weights, values: values)
        result.failures = failures
        return (kept, result)
    }

    /// Log-probabilities of each rollout's tokens, pack by pack.
    private func logprobs(
        _ rollouts: [Rollout], _ model: LanguageModel, _ pass: (PackData) -> [Float]
    ) throws -> [[Float]] {
        var result = rollouts.map { _ in [Float]() }
        for pack in try packs(rollouts) {
            let values = try scope("log-probabilities of answers") { pass(pack) }
            for answer in pack.preference?.answers ?? [] where answer.labels.upperBound <= values.count {
                result[answer.sample] = Array(values[answer.labels])
            }
        }
        return result
    }

    // MARK: log

    /// TRL's numbers of a generation.
    private func record(
        _ rollouts: [Rollout], _ table: RewardTable, _ totals: [Double?], _ curves: inout CurveSums
    ) {
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
        let deviations = settings.advantages.groups(rollouts.count).map { group in
            GroupStatistics.deviation(group.compactMap { totals[$0] })
        }
        curves.add("reward", GroupStatistics.mean(known))
        curves.add(
            "reward_std",
            settings.advantages.scale == .batch
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
        let repetition = rollouts.map { Self.repeatedShare($0.tokenIDs) }
        curves.add("completions/repetition", GroupStatistics.mean(repetition))
        // Named once a generation, however many answers it concerns.
        for (name, reason) in Set(table.failures.values.map { [$0.name, $0.reason] }).sorted(by: { $0[1] < $1[1] }).map(
            {
                ($0[0], $0[1])
            })
        {
            let count = table.failures.values.count { $0.name == name && $0.reason == reason }
            tell("[warning] reward \(name): \(count) of \(rollouts.count) answers are left out: \(reason)")
        }
    }

    /// Share of a text's runs of four tokens that it has more than once.
    static func repeatedShare(_ ids: [Int32]) -> Double {
        guard ids.count >= 4 else { return 0 }
        let runs = (0...(ids.count - 4)).map { Array(ids[$0..<($0 + 4)]) }
        return 1 - Double(Set(runs).count) / Double(runs.count)
    }

    private func write(
        _ generation: Generation, _ table: RewardTable, _ totals: [Double?], _ advantages: [Double], step: Int
    ) throws {
        guard let log else { return }
        let prompts = Dictionary(
            uniqueKeysWithValues: Set(generation.rollouts.map(\.prompt)).map {
                ($0, decode(builder.examples[$0].inputIDs))
            })
        try log.append(
            generation.rollouts.indices.map { index in
                CompletionLog.Entry(
                    step: step + 1, prompt: prompts[generation.rollouts[index].prompt] ?? "",
                    answer: generation.answers[index],
                    rewards: zip(table.names, table.values[index]).map { ($0, $1) }, total: totals[index],
                    advantage: advantages[index],
                    failure: table.failures[index].map { "\($0.name): \($0.reason)" })
            })
    }
}
