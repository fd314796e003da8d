import Basics
public import Models
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
        result.packs = try packs(using: batches, builder.prompt)
        return result
    }

    /// Answers to prompts that are not learned from, `evaluationGroupSize` each, are judged and compared with one another as
    /// those of a generation are; the same numbers draw them each time.
    public func evaluation(of data: StepData, first: Int, model: LanguageModel, options: ForwardOptions) throws
        -> StepData
    {
        engine.weightsChanged()
        let size = settings.evaluationGroupSize
        var result = StepData(packs: []), number = Rollout.firstEvaluationNumber + UInt64(first * size)
        let known = Dictionary(data.prompts.joined().map { ($0.sample, $0) }) { first, _ in first }
        func prompt(_ sample: Int) throws -> RolloutPrompt {
            guard let prompt = known[sample] else { throw TrainingError("there is no sample \(sample)") }
            return prompt
        }
        var advantages = settings.advantages
        advantages.groupSize = size
        let batches = try data.prompts.map { prompts in
            let generation = try write(prompts, numSamples: size, firstNumber: number)
            number += UInt64(generation.rollouts.count)
            return ExperienceBatch(
                answers: try judge(generation, advantages, prompt, model, options, &result.curves).experiences,
                generationTokens: generation.numTokens, step: 0)
        }
        result.packs = try packs(using: batches, prompt)
        return result
    }

    private func generate(
        _ prompts: [RolloutPrompt], _ step: Int, _ model: LanguageModel, _ options: ForwardOptions,
        _ curves: inout CurveSums
    ) throws {
        engine.weightsChanged()
        var generation = try writeNext(prompts)
        if settings.maxResamples > 0 { generation = try replaceTies(generation, &curves) }
        let judged = try judge(generation, settings.advantages, builder.prompt, model, options, &curves)
        try log(generation, judged, step: step)
        var experiences = judged.experiences
        // TRL shuffles a generation before it is cut, so that the answers to a prompt may meet in different updates.
        if settings.plan.needsOldPolicy || settings.plan.numSlices > settings.plan.accumulation {
            var random = SplitMix64(seed: settings.seed, stream: numDrawn)
            experiences.shuffle(using: &random)
        }
        let size = max(1, experiences.count / settings.plan.numSlices)
        let slices = stride(from: 0, to: experiences.count, by: size).map {
            ExperienceBatch(
                answers: Array(experiences[$0..<min($0 + size, experiences.count)]),
                generationTokens: generation.numTokens, step: step)
        }
        for _ in 0..<settings.plan.numIterations { queue += slices }
    }

    /// Makes the answers of an update `current`, and packs of them.
    private func packs(
        using batches: [ExperienceBatch], _ prompt: (Int) throws -> RolloutPrompt
    ) throws -> [PackData] {
        let answers = batches.map { used($0, numBatches: batches.count) }
        // TRL's entropy bound is one of a batch, so a batch is one pack where there is a bound.
        let keepsBatches = settings.topEntropyQuantile < 1
        // Answers that nothing is learned from need no pass, as long as there is one at all.
        let groups = (keepsBatches ? answers : [answers.flatMap(\.self)]).map { group in
            // Answers to one prompt share its tokens where they stand side by side.
            group.filter(\.experience.isLearned).enumerated().sorted {
                ($0.element.experience.rollout.prompt, $0.offset) < ($1.element.experience.rollout.prompt, $1.offset)
            }.map(\.element)
        }
        current = groups.flatMap(\.self)
        if current.isEmpty { current = Array(answers.joined().prefix(1)) }
        return try packs(
            current.map(\.experience.rollout), prompt, together: keepsBatches ? groups.map(\.count) : [])
    }

    /// Packs of answers whose `prompt` is a number of a sample.
    func packs(
        _ rollouts: [Rollout], _ prompt: (Int) throws -> RolloutPrompt, together: [Int] = []
    ) throws -> [PackData] {
        let samples = Set(rollouts.map(\.prompt)).sorted()
        let prompts = try samples.map(prompt)
        let places = Dictionary(uniqueKeysWithValues: zip(samples, samples.indices))
        var local = rollouts
        for index in local.indices { local[index].prompt = places[local[index].prompt] ?? 0 }
        return RolloutPacks(builder.vision, packTokens: settings.packTokens).packs(
            local, prompts: prompts, together: together)
    }
}
