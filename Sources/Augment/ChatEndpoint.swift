import Foundation
import JSON
package import Web

/// An endpoint that speaks OpenAI's chat completions.
package struct ChatEndpoint: Sendable {
    package let settings: AugmentSettings
    package let web: WebClient

    package init(settings: AugmentSettings, web: WebClient) {
        self.settings = settings
        self.web = web
    }

    /// What came of a request.
    package enum Outcome: Sendable {
        case reply(String)
        /// The row cannot be used; the reason is the same for all such rows.
        case refused(String)
        /// Nothing was learned about the row: it is tried again in another run.
        case failed(String)
    }

    /// A reply beyond this is not one.
    private static let maxReplyBytes = 16 << 20

    /// Asks once, again after failures that may pass.
    ///
    /// - Throws: `AugmentError` when no request can succeed: a wrong key, a wrong address.
    package func ask(_ prompt: String, system: String?, variant: Int) async throws -> Outcome {
        let policy = RetryPolicy(maxAttempts: settings.maxAttempts, firstSeconds: settings.firstRetrySeconds)
        var attempt = 1
        while true {
            var failure: String
            var retryAfter: String?
            do {
                let (status, data, wish) = try await withTimeout { try await post(prompt, system, variant) }
                let detail = self.detail(data)
                switch status {
                case 200:
                    if let outcome = Self.reply(data) { return outcome }
                    failure = "the endpoint's answer is no chat completion"
                case 401, 403:
                    throw AugmentError(
                        "the endpoint refuses the key (\(status))\(detail): set \(settings.keyVariable)")
                case 404, 405:
                    throw AugmentError(
                        "\(WebClient.shown(url)) does not exist (\(status))\(detail): check the base URL, which often ends in /v1, and the model"
                    )
                case let status where RetryPolicy.isPassing(status: status):
                    failure = "the endpoint answers with status \(status)"
                    retryAfter = wish
                default: return .refused("the endpoint refuses the request (\(status))\(detail)")
                }
            } catch let error as WebError {
                guard error.kind == .connection else {
                    if error.kind == .tooLong { return .refused("the reply is too long") }
                    throw AugmentError(error.description)
                }
                failure = error.description
            }
            guard let delay = policy.delay(afterAttempt: attempt, retryAfter: retryAfter) else {
                return .failed(failure)
            }
            attempt += 1
            try await Task.sleep(for: .seconds(delay))
        }
    }

    private var url: String {
        (settings.baseURL.hasSuffix("/") ? String(settings.baseURL.dropLast()) : settings.baseURL) + "/chat/completions"
    }

    private func post(_ prompt: String, _ system: String?, _ variant: Int) async throws -> (Int, Data, String?) {
        var messages: [JSONValue] = []
        if let system {
            messages.append(.object([JSONMember("role", "system"), JSONMember("content", .string(system))]))
        }
        messages.append(.object([JSONMember("role", "user"), JSONMember("content", .string(prompt))]))
        var members = [
            JSONMember("model", .string(settings.model)), JSONMember("messages", .array(messages)),
            JSONMember("temperature", .double(settings.temperature)),
        ]
        if let maxTokens = settings.maxTokens { members.append(JSONMember("max_tokens", .int(maxTokens))) }
        let request = WebRequest(
            url, method: "POST", headers: [("Content-Type", "application/json"), ("Accept", "application/json")],
            secretHeaders: settings.key.map { [("Authorization", "Bearer \($0)")] } ?? [],
            body: Data(JSONValue.object(members).text().utf8), seconds: settings.timeoutSeconds)
        let response = try await web.send(request)
        return (response.status, try await response.data(limit: Self.maxReplyBytes), response.header("retry-after"))
    }

    /// What a chat completion says; nil when the data are none.
    private static func reply(_ data: Data) -> Outcome? {
        guard let answer = try? JSONValue(parsing: Array(data)), let choice = answer["choices"]?.arrayValue?.first
        else { return nil }
        if choice["finish_reason"]?.stringValue == "length" {
            return .refused("the reply was cut off: raise --max-tokens")
        }
        guard let text = choice["message"]?["content"]?.stringValue else {
            return .refused("the endpoint's answer has no text")
        }
        return .reply(text)
    }

    /// The endpoint's own words, shortened, without the key.
    private func detail(_ data: Data) -> String {
        guard let answer = try? JSONValue(parsing: Array(data)) else { return "" }
        guard var text = (answer["error"]?["message"] ?? answer["message"] ?? answer["error"])?.stringValue else {
            return ""
        }
        if let key = settings.key, !key.isEmpty { text = text.replacing(key, with: "…") }
        return ": " + text.split(separator: "\n").joined(separator: " ").prefix(200)
    }

    /// A server that sends a byte now and then must not hold a request for ever.
    private func withTimeout<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws
        -> Value
    {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: .seconds(settings.timeoutSeconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                throw WebError(.connection, "\(WebClient.shown(url)): no answer in \(Int(settings.timeoutSeconds)) s")
            }
            return value
        }
    }
}
