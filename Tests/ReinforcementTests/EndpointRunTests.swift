import Foundation
import JSON
import LocalServer
import Models
import RunConfig
import Synchronization
import TestSupport
import Testing

@testable import Reinforcement
@testable import Training

/// Whole runs of the program whose rewards come from a server, some of whose answers are none.
@Suite(.serialized)
struct EndpointRunTests {
    private struct Line {
        let completion: String
        let reward: Double?
        let failure: String?
    }

    private static func lines(_ folder: String) throws -> [Line] {
        try String(contentsOfFile: "\(folder)/completions.jsonl", encoding: .utf8).split(separator: "\n").map {
            let line = try JSONValue(parsing: String($0))
            return Line(
                completion: line["completion"]?.stringValue ?? "", reward: line["reward"]?.number,
                failure: line["left_out"]?.stringValue)
        }
    }

    /// A run in a process of its own: one that waits for a server needs threads which the other tests of this one wait in.
    ///
    /// - Returns: its log, empty where it failed, and what it said.
    private static func train(_ arguments: [String], _ output: String) async throws -> ([[String: Double]], String) {
        let process = Process(), said = "\(output).txt"
        _ = FileManager.default.createFile(atPath: said, contents: nil)
        process.executableURL = Place.program
        process.arguments = ["train"] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["OMP_NUM_THREADS": "1"]) { $1 }
        let handle = try #require(FileHandle(forWritingAtPath: said))
        process.standardOutput = handle
        process.standardError = handle
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        let text = try String(contentsOfFile: said, encoding: .utf8)
        guard let state = FileManager.default.contents(atPath: "\(output)/trainer_state.json") else {
            return ([], text)
        }
        return (try JSONDecoder().decode(PracticeRunTests.Log.self, from: state).log_history, text)
    }

    /// The number that a server keeps of its requests.
    private final class Counter: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock {
                $0 += 1
                return $0
            }
        }
    }

    private static func completion(_ text: String) -> LocalServer.Reply {
        .init(
            text: #"{"choices": [{"message": {"role": "assistant", "content": "\#(text)"}, "finish_reason": "stop"}]}"#)
    }

    @Test func `grpo learns from a judge, and leaves out what it does not judge`() async throws {
        let folder = try TemporaryFolder(), counter = Counter()
        let server = try LocalServer { request in
            // The judge of one answer in eight writes prose, whenever it is asked.
            request.path == "/v1/chat/completions" && counter.next() % 8 == 0
                ? Self.completion("It is fine.") : Self.completion("Score: \(request.body.utf8.count % 11)/10")
        }
        defer { server.close() }
        let output = "\(folder.path)/run"
        let (log, said) = try await Self.train(
            RunTests.arguments(
                output: output,
                [
                    "reward_funcs=judge", "judge_base_url=\(server.url)/v1", "judge_model=m", "reward_attempts=1",
                    "reward_timeout=5", "steps_per_generation=1", "gradient_accumulation_steps=1", "max_steps=4",
                    "num_generations=4", "per_device_train_batch_size=8",
                ]
            ).filter { !$0.hasPrefix("reward_program") && $0 != "reward_funcs=program" }, output)
        let lines = try Self.lines(output)
        #expect(lines.count == 32 && server.requests.count == 32)
        let failed = lines.filter { $0.failure != nil }
        let areNamed = failed.allSatisfy { $0.reward == nil && $0.failure?.contains("judge") == true }
        #expect(failed.count == 4 && areNamed)
        let known: [Double] = lines.compactMap(\.reward)
        let areRewards = known.allSatisfy { $0 >= 0 && $0 <= 1 }
        #expect(known.count == 28 && areRewards)
        let numFailures: Double = log.compactMap { $0["rewards/judge/failed"] }.reduce(0, +)
        #expect(numFailures == 4)
        #expect(said.contains("[warning] reward judge: 1 of 8 answers are left out"))
        // Seven of eight answers of each step, whose mean is the step's.
        let means: [Double] = log.compactMap { $0["reward"] }
        #expect(means.count == 4)
        let mean: Double = means.reduce(0, +) / 4, meanOfAll: Double = known.reduce(0, +) / 28
        #expect(abs(mean - meanOfAll) < 1e-9)
        let norms: [Double] = log.compactMap { $0["grad_norm"] }
        let areFinite = norms.allSatisfy(\.isFinite)
        #expect(norms.count == 4 && areFinite)
    }

    @Test func `ppo learns from a reward server that fails, hangs and lies now and then`() async throws {
        let folder = try TemporaryFolder(), counter = Counter()
        let server = try LocalServer { request in
            let number = counter.next()
            let texts = (try? JSONValue(parsing: request.body))?["messages"]?.arrayValue ?? []
            let scores = texts.map { "\(Double($0.stringValue?.utf8.count ?? 0) / 100)" }
            switch number {
            case 1: return .init(503, text: "starting")
            case 3: return .init(hangs: true)
            case 4: return .init(text: #"{"scores": [NaN\#(scores.dropFirst().map { ", \($0)" }.joined())]}"#)
            default: return .init(text: #"{"scores": [\#(scores.joined(separator: ", "))]}"#)
            }
        }
        defer { server.close() }
        let output = "\(folder.path)/run"
        let (log, said) = try await Self.train(
            PracticeRunTests.arguments(
                "ppo", output: output,
                [
                    "reward_model=\(server.url)/score", "reward_model_type=api", "reward_timeout=1",
                    "reward_attempts=2", "ppo_epochs=1", "max_steps=3",
                ]), output)
        // Asked again after 503 and after the one that hung.
        #expect(server.requests.map(\.path) == Array(repeating: "/score", count: 5))
        let lines = try Self.lines(output), failed = lines.filter { $0.failure != nil }
        #expect(lines.count == 12 && failed.count == 1)
        #expect(failed.first?.reward == nil)
        #expect(said.contains("[warning] step 2: 1 of 4 answers have no score and are left out"))
        let steps = log.filter { $0["loss"] != nil }
        let skipped: [Double] = steps.map { $0["completions/skipped"] ?? 0 }
        #expect(skipped == [0, 1, 0])
        let areFinite = steps.allSatisfy { $0["loss"]?.isFinite == true && $0["reward"]?.isFinite == true }
        #expect(areFinite)
    }

    @Test func `a server that scores nothing ends the run with its name and reason`() async throws {
        let folder = try TemporaryFolder(), output = "\(folder.path)/run"
        let server = try LocalServer { _ in .init(text: "<html>not here</html>") }
        defer { server.close() }
        let arguments = PracticeRunTests.arguments(
            "ppo", output: output,
            [
                "reward_model=\(server.url)/score", "reward_model_type=api", "reward_timeout=1", "reward_attempts=1",
                "max_steps=1",
            ])
        let (log, said) = try await Self.train(arguments, output)
        #expect(log.isEmpty)
        for part in ["step 1: no answer got a score", "127.0.0.1", "scores"] { #expect(said.contains(part), "\(said)") }
    }

    @Test func `a reward model of its own scores a run of ppo, adapters merged`() throws {
        let folder = try TemporaryFolder(), reward = try PracticeRunTests.rewardAdapter(folder)
        let log = try PracticeRunTests.train(
            PracticeRunTests.arguments(
                "ppo", output: "\(folder.path)/run",
                [
                    "reward_model=\(Place.models)/qwen2", "reward_model_adapters=\(reward)", "reward_model_type=full",
                    "ppo_epochs=1", "max_steps=1", "finetuning_type=full", "learning_rate=1e-4",
                ]
            ).filter { !($0.hasPrefix("lora_") || $0 == "finetuning_type=lora") })
        #expect(log.first?["reward"]?.isFinite == true)
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/run/\(ValueHead.fileName)"))
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/run/model.safetensors"))
    }
}
