import Augment
import Datasets
import Foundation
import JSON
import LocalServer
import Prompting
import RunConfig
import Synchronization
import TestSupport
import Testing

@testable import Reinforcement
@testable import Training

/// A judge that behaves, and all the ways in which one does not.
struct JudgeRewardTests {
    @Test(arguments: [
        ("7", 7), ("Score: 8.5/10", 8.5), ("<think>3?</think> 10.", 10), ("**9**", 9), (#"{"score": 4}"#, 4),
        ("Here is my verdict:\n```json\n{\"reason\": \"2 of 3 facts\", \"score\": \"6\"}\n```\nBest wishes", 6),
        ("On a scale from 0 to 10 I give it 7 out of 10.", 7), ("Rating (0-10): 3", 3), ("10/10", 10),
        ("0", 0), ("Two facts are wrong. I give it a 5, yes, 5.", 5),
    ])
    func `the points of a reply`(_ reply: String, _ points: Double) { #expect(JudgeReply.points(reply) == points) }

    @Test(arguments: [
        "", "good", "-3", "11", "NaN", #"{"score": NaN}"#, "2 of 3 facts are right, so 7", "0 to 10", "<html>",
    ])
    func `a reply without clear points gives none, never a zero`(_ reply: String) {
        #expect(JudgeReply.points(reply) == nil)
    }

    private static func completion(_ text: String) -> LocalServer.Reply {
        let message = JSONValue.object([JSONMember("role", "assistant"), JSONMember("content", .string(text))])
        let choice = JSONValue.object([JSONMember("message", message), JSONMember("finish_reason", "stop")])
        return .init(text: JSONValue.object([JSONMember("choices", .array([choice]))]).text())
    }

    /// Verdicts of a judge on `texts`; `answer` hears the number of a request and its body.
    private func verdicts(
        _ texts: [String], _ answer: @escaping @Sendable (Int, String) -> LocalServer.Reply
    ) async throws -> ([RewardVerdict], [LocalServer.Request]) {
        let number = Mutex(0)
        let server = try LocalServer { request in
            answer(
                number.withLock { count in
                    count += 1
                    return count
                }, request.body)
        }
        defer { server.close() }
        var arguments = ReinforcementArguments()
        arguments.judgeBaseURL = "\(server.url)/v1"
        arguments.judgeModel = "judge"
        arguments.rewardTimeout = 0.5
        arguments.rewardAttempts = 3
        var judge = try JudgeReward(arguments)
        judge.settings.firstRetrySeconds = 0.01
        let fixed = judge
        let answers = texts.map { text in
            JudgedAnswer(
                task: RolloutTask(messages: [Message(.user, "the {answer}?")], label: "right"), text: text,
                numTokens: 1,
                origin: .init(dataset: "d", file: "f", row: 1))
        }
        // Asked from a thread that may wait, as a training run's is; a test's may not.
        let found = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try fixed.verdicts(on: answers) })
            }
        }
        return (found, server.requests)
    }

    @Test func `question, answer and label are sent, and verdicts come back in order`() async throws {
        let texts = (0..<9).map { "text <\($0)>" }
        let (found, requests) = try await verdicts(texts) { _, body in
            let digit = body.firstIndex(of: "<").map { body[body.index(after: $0)] } ?? "?"
            return Self.completion("Score: \(digit)")
        }
        #expect(found == (0..<9).map { .score(Double($0) / 10) })
        #expect(requests.count == 9 && requests.allSatisfy { $0.path == "/v1/chat/completions" })
        let sent = try JSONValue(parsing: requests[0].body)
        let prompt = sent["messages"]?.arrayValue?.first?["content"]?.stringValue ?? ""
        // What looks like a mark within a question is not filled in.
        #expect(prompt.contains("the {answer}?") && prompt.contains("right") && prompt.contains("text <"))
        #expect(sent["model"]?.stringValue == "judge" && sent["temperature"]?.number == 0)
    }

    @Test func `a server in trouble is asked again, as late as it wishes`() async throws {
        let (found, requests) = try await verdicts(["a"]) { number, _ in
            switch number {
            case 1: .init(429, [], headers: [("Retry-After", "0")])
            case 2: .init(500, text: "no")
            default: Self.completion("8")
            }
        }
        #expect(found == [.score(0.8)] && requests.count == 3)
        let (garbage, _) = try await verdicts(["a"]) { number, _ in
            number == 1 ? .init(text: "<html>starting</html>") : Self.completion(number == 2 ? "well" : "2")
        }
        #expect(garbage == [.score(0.2)])
    }

    @Test(arguments: ["hang", "html", "NaN", "prose", "500", "429", "cut", "empty"])
    func `what stays broken leaves its answer out with a reason, and no other`(_ kind: String) async throws {
        let (found, _) = try await verdicts(["good", "bad"]) { _, body in
            guard body.contains("bad") else { return Self.completion("10") }
            return switch kind {
            case "hang": .init(hangs: true)
            case "html": .init(text: "<html></html>")
            case "NaN": Self.completion("NaN")
            case "prose": Self.completion("It is as good as they come.")
            case "500", "429": .init(Int(kind) ?? 0, text: "no")
            case "cut": .init(200, Array(#"{"choices": [{"message": {"content": "10"}}]}"#.utf8), cutAfter: 9)
            default: .init(text: #"{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}"#)
            }
        }
        #expect(found[0] == .score(1))
        guard case .failed(let reason) = found[1] else {
            Issue.record("\(found[1])")
            return
        }
        let text = [
            "hang": "no answer in", "html": "no chat completion", "500": "500", "429": "429", "empty": "no text",
        ]
        #expect(text[kind].map { reason.contains($0) } ?? true)
    }

    @Test func `a refused key and a wrong address end the run at once`() async throws {
        for status in [401, 404] {
            await #expect(throws: AugmentError.self) { try await self.verdicts(["a"]) { _, _ in .init(status) } }
        }
    }
}
