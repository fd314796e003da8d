import Foundation
import JSON
public import Models
public import Training
import Web

/// Scores by a reward server: LLaMA-Factory's `reward_model_type: api`, which `anneal api` with a reward model answers too.
///
/// POST {"model": "model", "messages": [texts]} -> {"scores": [numbers]}; a text is prompt and answer with all special tokens. What
/// fails is tried again; what still fails, and a score that is no number, leaves answers out of their step.
public final class RewardEndpoint: AnswerScoring {
    /// How the server is asked.
    public struct Settings: Sendable {
        /// The whole address.
        public var url: String
        /// Seconds that an answer may take.
        public var seconds = 60.0
        /// Tries of a request.
        public var maxAttempts = 3
        /// Seconds before the second try; doubled each time.
        public var firstRetrySeconds = 1.0
        /// Texts of a request.
        public var batchSize = 16

        public init(url: String) { self.url = url }
    }

    private let settings: Settings
    private let decode: @Sendable ([Int32]) -> String
    private let web: WebClient
    /// A reply beyond this is none.
    private static let maxReplyBytes = 16 << 20

    /// - Parameter decode: tokens as text, special tokens kept.
    /// - Throws: when the address is none.
    public init(_ settings: Settings, decode: @escaping @Sendable ([Int32]) -> String) throws {
        guard let address = URL(string: settings.url), ["http", "https"].contains(address.scheme?.lowercased()),
            address.host?.isEmpty == false
        else {
            throw TrainingError(
                "reward_model \(settings.url): with reward_model_type api it is the full address of a server, beginning with http:// or https://"
            )
        }
        self.settings = settings
        self.decode = decode
        web = WebClient(stallSeconds: settings.seconds)
    }

    deinit {
        let web = web
        Task.detached { await web.close() }
    }

    public func marks(
        _ rollouts: [Rollout], prompts: [RolloutPrompt], model: LanguageModel, options: ForwardOptions
    ) throws -> [AnswerMark] {
        try marks(rollouts.map { decode(prompts[$0.prompt].tokenIDs + $0.tokenIDs) })
    }

    /// Marks of texts.
    func marks(_ texts: [String]) throws -> [AnswerMark] {
        let settings = settings, web = web
        return try stride(from: 0, to: texts.count, by: settings.batchSize).flatMap { first in
            let part = Array(texts[first..<min(first + settings.batchSize, texts.count)])
            return try waitFor { try await Self.ask(part, settings, web) }
        }
    }

    private static func ask(_ texts: [String], _ settings: Settings, _ web: WebClient) async throws -> [AnswerMark] {
        let policy = RetryPolicy(maxAttempts: settings.maxAttempts, firstSeconds: settings.firstRetrySeconds)
        let shown = WebClient.shown(settings.url)
        var attempt = 1
        while true {
            let failure: String
            var retryAfter: String?
            do {
                let (status, data, wish) = try await post(texts, settings, web)
                switch status {
                case 200:
                    switch Self.scores(data, count: texts.count) {
                    case .success(let marks): return marks
                    case .failure(let problem): failure = "\(shown): \(problem.reason)"
                    }
                case let status where RetryPolicy.isPassing(status: status):
                    failure = "\(shown) answers with status \(status)"
                    retryAfter = wish
                default:
                    throw TrainingError(
                        "reward_model \(shown) refuses to score (status \(status)); is it the full address of a reward server?"
                    )
                }
            } catch let error as WebError {
                guard error.kind == .connection else { throw TrainingError("reward_model: \(error.description)") }
                failure = error.description
            }
            guard let delay = policy.delay(afterAttempt: attempt, retryAfter: retryAfter) else {
                return texts.map { _ in AnswerMark(problem: failure) }
            }
            attempt += 1
            try await Task.sleep(for: .seconds(delay))
        }
    }

    private static func post(
        _ texts: [String], _ settings: Settings, _ web: WebClient
    ) async throws -> (Int, Data, String?) {
        let body = JSONValue.object([
            JSONMember("model", .string("model")), JSONMember("messages", .array(texts.map { .string($0) })),
        ])
        let request = WebRequest(
            settings.url, method: "POST", headers: [("Content-Type", "application/json")],
            body: Data(body.text().utf8), seconds: settings.seconds)
        // A server that sends a byte now and then must not hold a step for ever.
        return try await withThrowingTaskGroup(of: (Int, Data, String?)?.self) { group in
            group.addTask {
                let response = try await web.send(request)
                return (response.status, try await response.data(limit: maxReplyBytes), response.header("retry-after"))
            }
            group.addTask {
                try await Task.sleep(for: .seconds(settings.seconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                throw WebError(
                    .connection, "\(WebClient.shown(settings.url)): no answer in \(settings.seconds) s")
            }
            return value
        }
    }

    private struct Problem: Error {
        let reason: String
    }

    private static func scores(_ data: Data, count: Int) -> Result<[AnswerMark], Problem> {
        guard let reply = try? JSONValue(parsing: Array(data)), let scores = reply["scores"]?.arrayValue else {
            return .failure(Problem(reason: "the answer is not {\"scores\": [numbers]}"))
        }
        guard scores.count == count else {
            return .failure(Problem(reason: "\(scores.count) scores for \(count) texts"))
        }
        return .success(
            scores.map { score in
                // A list of one number is what a reward model's raw output looks like.
                let value = score.arrayValue.flatMap { $0.count == 1 ? $0[0] : nil } ?? score
                return value.number.map { AnswerMark($0) }
                    ?? AnswerMark(problem: "the endpoint gave \(score.kind) for a score")
            })
    }
}
