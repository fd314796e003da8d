import Basics
import Datasets
import Models
import RunConfig
import Torch

extension GroupRelativeOptimization {
    /// Answers with their rewards, prompts' answers side by side. The rollouts' prompts are numbers of samples.
    struct Generation {
        var rollouts: [Rollout]
        var answers: [JudgedAnswer]
        var table: RewardTable

        var numTokens: Int { rollouts.reduce(0) { $0 + $1.tokenIDs.count } }
    }

    /// A generation as it is learned from.
    struct Judgement {
        /// Weighted sums of rewards, less the divergence where that is asked for; nil for answers that are left out.
        var totals: [Double?]
        var experiences: [Experience]
    }

    /// Draws the next answers of the run.
    func writeNext(_ prompts: [RolloutPrompt]) throws -> Generation {
        let generation = try write(prompts, numSamples: settings.plan.groupSize, firstNumber: numDrawn)
        numDrawn += UInt64(generation.rollouts.count)
        return generation
    }

    /// Draws answers to prompts and asks the rewards for them.
    func write(_ prompts: [RolloutPrompt], numSamples: Int, firstNumber: UInt64) throws -> Generation {
        var rollouts = try engine.rollouts(of: prompts, numSamples: numSamples, firstNumber: firstNumber)
        let answers = rollouts.map { rollout in
            let prompt = prompts[rollout.prompt]
            return JudgedAnswer(
                task: prompt.task, text: decode(Array(rollout.contentIDs)), numTokens: rollout.tokenIDs.count,
                isComplete: rollout.finish == .stop, origin: prompt.origin)
        }
        let table = try RewardTable(answers, rewards: rewards, weights: settings.rewardWeights)
        for index in rollouts.indices { rollouts[index].prompt = prompts[rollouts[index].prompt].sample }
        return Generation(rollouts: rollouts, answers: answers, table: table)
    }

    /// DAPO's dynamic sampling: prompts whose answers all have the same reward teach nothing and are replaced. As ms-swift the
    /// first generation stays when too few are found.
    func replaceTies(_ first: Generation, _ curves: inout CurveSums) throws -> Generation {
        let wanted = first.rollouts.count
        var kept = Generation(
            rollouts: [], answers: [],
            table: RewardTable(names: first.table.names, weights: first.table.weights, values: []))
        var generation = first, numResamples = 0
        while true {
            let table = generation.table
            for group in settings.advantages.groups(generation.rollouts.count) {
                guard kept.rollouts.count < wanted, GroupStatistics.deviation(group.compactMap(table.total)) > 0 else {
                    continue
                }
                for index in group {
                    kept.table.failures[kept.rollouts.count] = table.failures[index]
                    kept.table.values.append(table.values[index])
                    kept.rollouts.append(generation.rollouts[index])
                    kept.answers.append(generation.answers[index])
                }
            }
            guard kept.rollouts.count < wanted, numResamples < settings.maxResamples else { break }
            numResamples += 1
            var random = SplitMix64(seed: settings.seed &+ 1, stream: numDrawn)
            let samples = (0..<settings.plan.numPrompts).map { _ in Int.random(in: 0..<builder.count, using: &random) }
            generation = try writeNext(try samples.map(builder.prompt))
        }
        curves.add("resamples", Double(numResamples))
        guard kept.rollouts.count >= wanted else {
            tell(
                "[note] dynamic_sample: after \(numResamples) further generations there are still prompts whose answers all have the same reward."
            )
            return first
        }
        return kept
    }

    /// What is learned from each answer of a generation, and what is logged of all of them.
    ///
    /// - Parameter prompt: a sample as a prompt.
    func judge(
        _ generation: Generation, _ advantages: Advantages, _ prompt: (Int) throws -> RolloutPrompt,
        _ model: LanguageModel, _ options: ForwardOptions, _ curves: inout CurveSums
    ) throws -> Judgement {
        let rollouts = generation.rollouts, table = generation.table, temperature = settings.rollout.temperature
        let needsKL = settings.beta > 0 && settings.takesDivergenceOffReward
        var old: [[Float]]?, references: [[Float]]?
        if settings.plan.needsOldPolicy || needsKL {
            old = try logprobs(rollouts, prompt) { pack in
                noGrad { AnswerPass(pack, model: model, options: options, temperature: temperature).values }
            }
        }
        if settings.beta > 0 {
            references = try logprobs(rollouts, prompt) { pack in
                self.reference.logprobs(pack, policy: model, options: options, temperature: temperature)
            }
        }
        var totals = rollouts.indices.map(table.total)
        if needsKL, let old, let references {
            let divergences = rollouts.indices.map { Divergence.k1(policy: old[$0], reference: references[$0]) }
            for index in totals.indices { totals[index]? -= settings.beta * divergences[index] }
            curves.add("kl", GroupStatistics.mean(divergences))
        }
        let values = advantages.scale == .gdpo ? advantages.decoupled(table) : advantages(totals)
        record(generation, totals, advantages, &curves)
        let experiences = rollouts.indices.map { index in
            Experience(
                rollout: rollouts[index], advantage: values[index],
                isLearned: table.failures[index] == nil
                    && !(settings.leavesOutTruncated && rollouts[index].finish == .length),
                old: settings.plan.needsOldPolicy ? old?[index] : nil,
                reference: settings.takesDivergenceOffReward ? nil : references?[index])
        }
        return Judgement(totals: totals, experiences: experiences)
    }

    /// Log-probabilities of each rollout's tokens, pack by pack.
    private func logprobs(
        _ rollouts: [Rollout], _ prompt: (Int) throws -> RolloutPrompt, _ pass: (PackData) -> [Float]
    ) throws -> [[Float]] {
        var result = rollouts.map { _ in [Float]() }
        for pack in try packs(rollouts, prompt) {
            let values = try scope("log-probabilities of answers") { pass(pack) }
            for answer in pack.preference?.answers ?? [] where answer.labels.upperBound <= values.count {
                result[answer.sample] = Array(values[answer.labels])
            }
        }
        return result
    }
}
