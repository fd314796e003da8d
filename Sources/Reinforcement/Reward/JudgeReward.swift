import Augment
import Foundation
import Prompting
import Reporting
import RunConfig
import Training
import Web

/// A model behind an OpenAI-compatible endpoint gives points from 0 to 10; the reward is a tenth of them.
struct JudgeReward: Reward {
    let name = "judge"
    var settings: AugmentSettings
    private let prompt: String

    static let standardPrompt = """
        Judge an answer. Question:
        {question}

        Expected answer (may be empty):
        {solution}

        Answer to judge:
        {answer}

        How good is the answer? Reply with one number from 0 (useless or wrong) to 10 (perfect) and nothing else.
        """

    init(_ arguments: ReinforcementArguments) throws {
        prompt = arguments.judgePrompt ?? Self.standardPrompt
        guard prompt.contains("{answer}") else {
            throw TrainingError("judge_prompt has no {answer}, so the judge would never see what it judges; add it")
        }
        var settings = AugmentSettings(
            baseURL: arguments.judgeBaseURL ?? "", model: arguments.judgeModel ?? "", prompt: prompt)
        settings.keyVariable = arguments.judgeKeyVariable
        settings.key = ProcessInfo.processInfo.environment[arguments.judgeKeyVariable]
        settings.temperature = 0
        settings.timeoutSeconds = arguments.rewardTimeout
        settings.maxAttempts = arguments.rewardAttempts
        self.settings = settings
    }

    func verdicts(on answers: [JudgedAnswer]) throws -> [RewardVerdict] {
        let endpoint = ChatEndpoint(settings: settings, web: WebClient(stallSeconds: settings.timeoutSeconds))
        let prompts = answers.map { Self.filled(prompt, $0) }
        let numParallel = settings.numParallel, maxAttempts = settings.maxAttempts
        let bar = ProgressBar(title: "judge", unit: "answer", total: answers.count, delaySeconds: 2)
        defer { bar.finish() }
        return try waitFor {
            defer { Task { await endpoint.web.close() } }
            return try await withThrowingTaskGroup(of: (Int, RewardVerdict).self) { group in
                var verdicts = prompts.map { _ in RewardVerdict.failed("the judge was not asked") }
                var next = 0
                func add() {
                    guard next < prompts.count else { return }
                    let index = next
                    next += 1
                    group.addTask { (index, try await Self.verdict(endpoint, prompts[index], maxAttempts)) }
                }
                for _ in 0..<numParallel { add() }
                while let (index, verdict) = try await group.next() {
                    verdicts[index] = verdict
                    bar.advance()
                    add()
                }
                return verdicts
            }
        }
    }

    private static func verdict(_ endpoint: ChatEndpoint, _ prompt: String, _ maxAttempts: Int) async throws
        -> RewardVerdict
    {
        for attempt in 1...max(1, maxAttempts) {
            switch try await endpoint.ask(prompt, system: nil, variant: attempt) {
            case .reply(let text):
                if let points = JudgeReply.points(text) { return .score(points / 10) }
            case .refused(let reason), .failed(let reason): return .failed(reason)
            }
        }
        return .failed("the judge's reply has no single number from 0 to 10")
    }

    private static func filled(_ prompt: String, _ answer: JudgedAnswer) -> String {
        let question = answer.task.messages.map(\.content).joined(separator: "\n")
        // In one pass, so that a mark within an answer is not filled in.
        var result = "", rest = prompt[...]
        let values = ["{question}": question, "{answer}": answer.text, "{solution}": answer.task.label ?? ""]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            if let (mark, value) = values.first(where: { rest.hasPrefix($0.key) }) {
                result += value
                rest = rest.dropFirst(mark.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result + rest
    }
}
