import Foundation
import LocalServer
import Synchronization
import Testing

@testable import Reinforcement
@testable import Training

/// A reward server that behaves, and all the ways in which one does not.
@Suite(.serialized)
struct RewardEndpointTests {
    private func marks(_ texts: [String], _ answer: @escaping @Sendable (Int) -> LocalServer.Reply) async throws -> (
        [AnswerMark], [LocalServer.Request]
    ) {
        let number = Mutex(0)
        let server = try LocalServer { _ in
            answer(
                number.withLock { count in
                    count += 1
                    return count
                })
        }
        defer { server.close() }
        var settings = RewardEndpoint.Settings(url: "\(server.url)/v1/score")
        settings.seconds = 0.5
        settings.maxAttempts = 3
        settings.firstRetrySeconds = 0.01
        settings.batchSize = 2
        let fixed = settings
        // The endpoint is asked from a thread that may wait, as a training run's is; a test's may not.
        let found = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result { try RewardEndpoint(fixed) { ids in "\(ids)" }.marks(texts) })
            }
        }
        return (found, server.requests)
    }

    @Test func `texts are sent as LLaMA-Factory sends them, a few at a time, and scores come back in order`()
        async throws
    {
        let (found, requests) = try await marks(["a \"b\"", "c", "六"]) {
            .init(text: $0 == 1 ? #"{"scores": [1.5, -2], "model": "m"}"# : #"{"scores": [[3]]}"#)
        }
        #expect(found == [AnswerMark(1.5), AnswerMark(-2), AnswerMark(3)])
        #expect(requests.map(\.path) == ["/v1/score", "/v1/score"] && requests[0].method == "POST")
        #expect(requests[0].body.filter { $0 != " " } == #"{"model":"model","messages":["a\"b\"","c"]}"#)
    }

    @Test func `a server in trouble is asked again`() async throws {
        let (found, requests) = try await marks(["a"]) { number in
            switch number {
            case 1: .init(503, text: "busy")
            case 2: .init(text: "<html>starting</html>")
            default: .init(text: #"{"scores": [0.25]}"#)
            }
        }
        #expect(found == [AnswerMark(0.25)] && requests.count == 3)
    }

    @Test func `numbers that are none leave out their answer, never count as zero`() async throws {
        let (found, _) = try await marks(["a", "b", "c", "d"]) {
            .init(text: $0 == 1 ? #"{"scores": [NaN, 1]}"# : #"{"scores": [null, "good"]}"#)
        }
        #expect(found.map(\.score) == [nil, 1, nil, nil])
        #expect(found.filter { $0.score == nil }.allSatisfy { $0.problem?.isEmpty == false })
    }

    @Test(arguments: ["hang", "garbage", "short", "error", "cut"])
    func `what stays broken is a problem of its answers with a reason`(_ kind: String) async throws {
        let (found, requests) = try await marks(["a", "b"]) { _ in
            switch kind {
            case "hang": .init(hangs: true)
            case "garbage": .init(text: "{\"score\": 1}")
            case "short": .init(text: #"{"scores": [1]}"#)
            case "error": .init(500, text: "no")
            default: .init(200, Array(#"{"scores": [1, 2]}"#.utf8), cutAfter: 5)
            }
        }
        #expect(found.allSatisfy { $0.score == nil && $0.problem?.contains("127.0.0.1") == true })
        #expect(requests.count == 3)
        let reason = ["hang": "in time", "garbage": "scores", "short": "1 scores for 2 texts", "error": "500"][kind]
        if kind != "hang", let reason { #expect(found[0].problem?.contains(reason) == true) }
    }

    @Test func `a wrong address is an error`() async throws {
        await #expect(throws: TrainingError.self) {
            try await self.marks(["a"]) { _ in .init(404, text: "nothing here") }
        }
        #expect(throws: TrainingError.self) { _ = try RewardEndpoint(.init(url: "localhost")) { _ in "" } }
    }
}
