import Datasets
import Foundation
import JSON
import Reporting

/// completions.jsonl: every answer of the policy with its rewards, a line each.
struct CompletionLog: Sendable {
    static let fileName = "completions.jsonl"
    let path: String

    init(folder: String) { path = "\(folder)/\(Self.fileName)" }

    /// Forgets what was written after update `step`, where a run goes on from a checkpoint.
    func keep(before step: Int) throws {
        guard let data = FileManager.default.contents(atPath: path) else { return }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        let kept = lines.filter { line in
            (try? JSONValue(parsing: String(line)))?["step"]?.intValue.map { $0 <= step } ?? false
        }
        guard kept.count < lines.count else { return }
        try Data(kept.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// One line's content.
    struct Entry {
        var step: Int
        var prompt: String
        var answer: JudgedAnswer
        var rewards: [(name: String, value: Double)]
        var total: Double?
        var advantage: Double
        var failure: String?

        var line: String {
            func number(_ value: Double) -> JSONValue { value.isFinite ? .double(value) : .null }
            var members = [
                JSONMember("step", .int(step)), JSONMember("prompt", .string(prompt)),
                JSONMember("completion", .string(answer.text)),
                JSONMember("solution", answer.task.label.map { .string($0) } ?? .null),
                JSONMember("rewards", .object(rewards.map { JSONMember($0.name, number($0.value)) })),
                JSONMember("reward", total.map(number) ?? .null), JSONMember("advantage", number(advantage)),
                JSONMember("tokens", .int(answer.numTokens)),
                JSONMember("finish", .string(answer.isComplete ? "stop" : "length")),
                JSONMember("row", .string(answer.origin.description)),
            ]
            if let failure { members.append(JSONMember("left_out", .string(failure))) }
            return JSONValue.object(members).text()
        }
    }

    func append(_ entries: [Entry]) throws {
        let data = Data(entries.map { $0.line + "\n" }.joined().utf8)
        if !FileManager.default.fileExists(atPath: path) {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw TrainingError("\(path) cannot be written")
            }
        }
        guard let handle = FileHandle(forWritingAtPath: path) else { throw TrainingError("\(path) cannot be written") }
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: data)
    }
}
