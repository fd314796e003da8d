import Foundation
import JSON
import Prompting
import Training

/// A program of the user's own: it reads a JSON object a line and writes a number (or {"reward": number}, or null where it has
/// nothing to say) a line, in the same order.
struct ProgramReward: Reward {
    let name = "program"
    /// Run by /bin/sh, once a generation and again for answers without a usable line.
    let command: String
    /// Seconds that the next line may take.
    let timeoutSeconds: Double
    let maxAttempts: Int

    func verdicts(on answers: [JudgedAnswer]) throws -> [RewardVerdict] {
        var verdicts = answers.map { _ in RewardVerdict.failed("the program gave no line") }
        var open = Array(answers.indices)
        for _ in 0..<maxAttempts where !open.isEmpty {
            let lines = open.map { Self.line(answers[$0]) }
            let run = ProgramRun(command, timeoutSeconds: timeoutSeconds)
            let (output, ending) = try run.lines(answering: lines)
            for (place, index) in open.enumerated() {
                verdicts[index] = place < output.count ? Self.verdict(output[place]) : .failed(ending.reason)
            }
            open = open.filter { if case .failed = verdicts[$0] { true } else { false } }
            if case .notStarted = ending, output.isEmpty {
                throw TrainingError(
                    "reward_program: `\(command)` cannot be run (\(ending.reason)); try it with one line of completions.jsonl"
                )
            }
        }
        return verdicts
    }

    private static func line(_ answer: JudgedAnswer) -> String {
        var messages = answer.task.messages.map { message in
            JSONValue.object([
                JSONMember("role", .string(message.role.rawValue)), JSONMember("content", .string(message.content)),
            ])
        }
        if let system = answer.task.system {
            messages.insert(
                .object([JSONMember("role", "system"), JSONMember("content", .string(system))]), at: 0)
        }
        return JSONValue.object([
            JSONMember("messages", .array(messages)), JSONMember("completion", .string(answer.text)),
            JSONMember("solution", answer.task.label.map { .string($0) } ?? .null),
            JSONMember("tokens", .int(answer.numTokens)), JSONMember("finished", .bool(answer.isComplete)),
        ]).text()
    }

    private static func verdict(_ line: String) -> RewardVerdict {
        guard let value = try? JSONValue(parsing: line) else { return .failed("the program's line is no JSON number") }
        let inner = value.members == nil ? value : value["reward"] ?? .null
        if inner.isNull { return .notApplicable }
        guard let score = inner.number, score.isFinite else {
            return .failed("the program's line is not a finite number")
        }
        return .score(score)
    }
}
