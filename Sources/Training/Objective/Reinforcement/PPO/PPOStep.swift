import Basics
import Foundation
import Models
import Torch

/// A step of PPO: the policy answers prompts, the answers are scored, and policy and value head learn from them in several passes.
///
/// TRL 0.9's `PPOTrainer.step` as LLaMA-Factory calls it, without padding. Lives on the tensor thread.
final class PPOStep: PracticeStep {
    /// What a step is made of.
    struct Parts {
        let engine: any RolloutEngine
        let scorer: any AnswerScoring
        let reference: RolloutReference
        let packs: RolloutPacks
        /// Answers of a mini-batch, and mini-batches of an update.
        let batchSize: Int
        let accumulation: Int
        let seed: UInt64
        /// Where answers and scores are kept; nil keeps none.
        let log: CompletionLog?
        /// Tokens as text without special tokens.
        let decode: ([Int32]) -> String
    }

    private let parts: Parts
    private let objective: PPOObjective
    private var settings: PPOSettings { objective.settings }
    var divergenceWeight: Double { objective.control.weight }
    /// The order in which a pass goes through `count` answers.
    var order: (_ count: Int, _ step: Int, _ pass: Int) -> [Int]
    /// For every update of the newest step the norm of its gradient.
    private(set) var norms: [Double] = []
    private var hasStarted = false

    init(_ parts: Parts, objective: PPOObjective) {
        self.parts = parts
        self.objective = objective
        let seed = parts.seed
        order = { count, step, pass in
            var generator = SplitMix64(seed: seed, stream: UInt64(step) << 16 | UInt64(pass))
            return Array(0..<count).shuffled(using: &generator)
        }
    }

    func run(_ data: StepData, number: Int, update: UpdateStep, learningRate: Double) throws -> StepOutcome {
        let prompts = data.prompts.flatMap(\.self)
        parts.engine.weightsChanged()
        let rollouts = try parts.engine.rollouts(
            of: prompts, numSamples: 1, firstNumber: UInt64(number - 1) &* (1 << 20))
        let marks = try parts.scorer.marks(rollouts, prompts: prompts, model: update.model, options: update.options)
        try record(rollouts, prompts, marks, step: number)
        let answers = Answers(rollouts, marks, prompts)
        guard !answers.scores.isEmpty else { throw Self.nothingScored(marks, "step \(number)") }
        warn(marks, step: number)
        return try learn(answers, numSkipped: marks.count - answers.scores.count, number, update, learningRate)
    }

    /// Says how many answers have no score, a line a reason.
    private func warn(_ marks: [AnswerMark], step: Int) {
        let counts = Dictionary(grouping: marks.compactMap(\.problem)) { $0 }.mapValues(\.count)
        for (reason, count) in counts.sorted(by: { $0.key < $1.key }) {
            print(
                "[warning] step \(step): \(count) of \(marks.count) answers have no score and are left out: \(reason)")
        }
    }

    private static func nothingScored(_ marks: [AnswerMark], _ activity: String) -> TrainingError {
        TrainingError(
            "\(activity): no answer got a score (\(marks.lazy.compactMap(\.problem).first ?? "nothing was written")), so nothing can be learned"
        )
    }

    /// One answer to each prompt, drawn as in training and scored; nothing is learned and there is no loss.
    func evaluation(of data: StepData, first: Int, model: LanguageModel, options: ForwardOptions) throws -> StepData {
        let prompts = data.prompts.flatMap(\.self)
        parts.engine.weightsChanged()
        let rollouts = try parts.engine.rollouts(
            of: prompts, numSamples: 1, firstNumber: Rollout.firstEvaluationNumber + UInt64(first))
        let marks = try parts.scorer.marks(rollouts, prompts: prompts, model: model, options: options)
        let answers = Answers(rollouts, marks, prompts)
        guard !answers.scores.isEmpty else { throw Self.nothingScored(marks, "evaluation") }
        let (experience, _) = try gather(answers, answers.scores, model, options)
        var result = StepData(packs: [])
        record(answers, experience, numSkipped: marks.count - answers.scores.count, &result.curves)
        return result
    }

    /// Writes the answers and their scores into completions.jsonl; what a broken off run wrote later is forgotten first.
    private func record(
        _ rollouts: [Rollout], _ prompts: [RolloutPrompt], _ marks: [AnswerMark], step: Int
    ) throws {
        guard let log = parts.log else { return }
        if !hasStarted { try log.keep(before: step - 1) }
        hasStarted = true
        try log.append(
            zip(rollouts, marks).map { rollout, mark in
                let prompt = prompts[rollout.prompt]
                return CompletionLog.Entry(
                    step: step, prompt: parts.decode(prompt.tokenIDs),
                    answer: JudgedAnswer(
                        task: prompt.task, text: parts.decode(Array(rollout.contentIDs)),
                        numTokens: rollout.tokenIDs.count, isComplete: rollout.finish == .stop, origin: prompt.origin),
                    rewards: [], total: mark.score, advantage: .nan, failure: mark.problem)
            })
    }

    /// The answers that have a score.
    struct Answers {
        let rollouts: [Rollout]
        let scores: [Double]
        /// Those that the rollouts count in.
        let prompts: [RolloutPrompt]

        /// Those of the rollouts whose mark is a score.
        init(_ rollouts: [Rollout], _ marks: [AnswerMark], _ prompts: [RolloutPrompt]) {
            self.rollouts = zip(rollouts, marks).filter { $0.1.score != nil }.map(\.0)
            scores = marks.compactMap(\.score)
            self.prompts = prompts
        }
    }

    private func learn(
        _ answers: Answers, numSkipped: Int, _ number: Int, _ update: UpdateStep, _ learningRate: Double
    ) throws -> StepOutcome {
        var rewards = answers.scores
        if settings.normalizesScores {
            objective.moments.update(rewards)
            rewards = rewards.map(objective.moments.normalized)
        }
        let (gathered, numGathered) = try gather(answers, rewards, update.model, update.options)
        var experience = gathered
        experience.estimate(settings, weight: objective.control.weight)
        var outcome = StepOutcome(), numTokens = numGathered
        norms = []
        for pass in 0..<settings.numEpochs {
            let order = order(answers.rollouts.count, number, pass)
            let size = parts.batchSize * parts.accumulation
            for first in stride(from: 0, to: order.count, by: size) {
                let part = Array(order[first..<min(first + size, order.count)])
                let packs = packs(part, answers, experience, &outcome.curves)
                let result = try update.run(packs, learningRate: learningRate, activity: "step \(number)")
                outcome.curves.add(result.curves)
                outcome.norm = result.norm
                norms.append(result.norm)
                numTokens += packs.reduce(0) { $0 + $1.tokenIDs.count }
            }
        }
        finish(experience, answers, rewards: rewards, numSkipped: numSkipped, &outcome)
        outcome.numTokens = numTokens
        objective.control.update(divergence: experience.meanDivergence, count: experience.answers.count)
        return outcome
    }

    /// What the policy, its value head and the reference make of the answers before anything is learned, and how many tokens
    /// that took.
    private func gather(
        _ answers: Answers, _ scores: [Double], _ model: LanguageModel, _ options: ForwardOptions
    ) throws -> (PPOExperience, numTokens: Int) {
        var found: [PPOExperience.Answer] = [], numTokens = 0
        for pack in parts.packs.packs(answers.rollouts, prompts: answers.prompts) {
            numTokens += pack.tokenIDs.count
            let (pass, references) = try scope("scoring answers") {
                noGrad {
                    (
                        PPOPass(pack, model: model, options: options),
                        parts.reference.logprobs(pack, policy: model, options: options, temperature: 1)
                    )
                }
            }
            for answer in pack.preference?.answers ?? [] {
                found.append(
                    PPOExperience.Answer(
                        score: scores[answer.sample], logProbs: pass.logProbs[answer.labels].map(Double.init),
                        references: references[answer.labels].map(Double.init),
                        values: pass.values[answer.labels].map(Double.init)))
            }
        }
        return (PPOExperience(found), numTokens)
    }

    /// The packs of one update: mini-batches of equal shares, each the mean over its tokens.
    private func packs(
        _ order: [Int], _ answers: Answers, _ experience: PPOExperience, _ curves: inout CurveSums
    ) -> [PackData] {
        let batches = stride(from: 0, to: order.count, by: parts.batchSize).map {
            Array(order[$0..<min($0 + parts.batchSize, order.count)])
        }
        return batches.flatMap { batch in
            let targets = batch.map { experience.answers[$0].targets }, numTokens = targets.reduce(0) { $0 + $1.count }
            record(targets.flatMap(\.self), &curves)
            return parts.packs.packs(batch.map { answers.rollouts[$0] }, prompts: answers.prompts).map { pack in
                var pack = pack
                let own = (pack.preference?.answers ?? []).flatMap { targets[$0.sample] }
                pack.experience = PPOTargets(tokens: own, batchTokens: numTokens)
                pack.weights = [Float](repeating: 1 / Float(numTokens * batches.count), count: own.count)
                return pack
            }
        }
    }
}
