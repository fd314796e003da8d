import Foundation
import JSON
import Prompting
import Reporting

/// completions.jsonl of an output folder: what the policy wrote, and what it got for it. A line an answer.
struct PPOCompletions {
    static let fileName = "completions.jsonl"
    private let path: String
    private let decode: @Sendable ([Int32]) -> String

    /// - Parameter resumeStep: the step a run goes on from: later lines are of a run that was cut off.
    init(folder: String, resumeStep: Int?, decode: @escaping @Sendable ([Int32]) -> String) throws {
        path = "\(folder)/\(Self.fileName)"
        self.decode = decode
        let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        let kept = text.split(separator: "\n").filter { line in
            guard let resumeStep, let record = try? JSONValue(parsing: String(line)) else { return false }
            return (record["step"]?.intValue).map { $0 <= resumeStep } ?? false
        }
        try Data(kept.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    func append(_ rollouts: [Rollout], prompts: [RolloutPrompt], _ marks: [AnswerMark], step: Int) throws {
        var text = ""
        for (rollout, mark) in zip(rollouts, marks) {
            var record: LogRecord = [
                "step": .int(step), "prompt": .string(decode(prompts[rollout.prompt].tokenIDs)),
                "completion": .string(decode(Array(rollout.contentIDs))),
                "reward": mark.score.map { .double($0) } ?? .null, "finish": .string(rollout.finish.rawValue),
            ]
            if let label = prompts[rollout.prompt].task.label { record["label"] = .string(label) }
            if let problem = mark.problem { record["problem"] = .string(problem) }
            text += record.object.text() + "\n"
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
    }
}
