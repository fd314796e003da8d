import Foundation
import Inference
import Synchronization

/// Counts what the server does, for Prometheus.
final class Metrics: Sendable {
    private struct State {
        var finished: [String: Int] = [:]
        var responses: [String: Int] = [:]
        var firstToken = Histogram(bounds: Histogram.firstTokenBounds)
        var betweenTokens = Histogram(bounds: Histogram.betweenTokensBounds)
        var request = Histogram(bounds: Histogram.requestBounds)
        var numStreams = 0
    }

    private let state = Mutex(State())

    init() {}

    func countResponse(_ path: String, _ method: String, status: Int) {
        state.withLock {
            $0.responses["method=\"\(method)\",handler=\"\(path)\",status=\"\(status)\"", default: 0] += 1
        }
    }

    func record(firstTokenSeconds: Double) { state.withLock { $0.firstToken.add(firstTokenSeconds) } }

    /// An answer is complete.
    func recordEnd(_ reason: String, seconds: Double, secondsBetweenTokens: Double?) {
        state.withLock { state in
            state.finished[reason, default: 0] += 1
            state.request.add(seconds)
            if let secondsBetweenTokens { state.betweenTokens.add(secondsBetweenTokens) }
        }
    }

    /// The page of GET /metrics; names as vLLM's where it has them.
    func page(_ engine: EngineStatistics, model: String) -> String {
        var page = MetricsPage(labels: "model_name=\"\(MetricsPage.escaped(model))\"")
        page.gauge("vllm:num_requests_running", "Answers being written.", Double(engine.numRunning))
        page.gauge("vllm:num_requests_waiting", "Requests that wait for room.", Double(engine.numWaiting))
        page.gauge("vllm:kv_cache_usage_perc", "Share of the key-value cache in use, 0 to 1.", engine.cacheUsage)
        page.counter("vllm:prompt_tokens", "Prompt tokens read.", engine.numPromptTokens)
        page.counter("vllm:generation_tokens", "Tokens written.", engine.numGeneratedTokens)
        page.counter(
            "vllm:prefix_cache_queries", "Prompt tokens looked up in the prefix cache.", engine.numPromptTokens)
        page.counter("vllm:prefix_cache_hits", "Prompt tokens found in the prefix cache.", engine.numCachedTokens)
        page.counter("vllm:num_preemptions", "Answers put back for want of memory.", engine.numPreemptions)
        page.counter("vllm:spec_decode_num_draft_tokens", "Tokens guessed ahead.", engine.numGuessedTokens)
        page.counter("vllm:spec_decode_num_accepted_tokens", "Guesses that were right.", engine.numRightGuesses)
        state.withLock { state in
            page.family(
                "vllm:request_success", "Answers finished.",
                state.finished.sorted { $0.key < $1.key }.map { ("finished_reason=\"\($0.key)\"", $0.value) })
            page.histogram("vllm:time_to_first_token_seconds", "Time to the first token.", state.firstToken)
            page.histogram(
                "vllm:time_per_output_token_seconds", "Mean time between tokens of an answer.", state.betweenTokens)
            page.histogram("vllm:e2e_request_latency_seconds", "Time to the whole answer.", state.request)
            page.family(
                "http_requests", "HTTP responses.",
                state.responses.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
        return page.text
    }
}

/// Counts of values up to each bound.
struct Histogram: Sendable {
    static let firstTokenBounds = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
    ]
    static let betweenTokensBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5]
    static let requestBounds = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480]

    let bounds: [Double]
    private(set) var counts: [Int]
    private(set) var sum = 0.0
    private(set) var count = 0

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count)
    }

    mutating func add(_ value: Double) {
        sum += value
        count += 1
        for index in bounds.indices where value <= bounds[index] { counts[index] += 1 }
    }
}

/// Prometheus' text format.
struct MetricsPage {
    private(set) var text = ""
    private let labels: String

    init(labels: String) { self.labels = labels }

    static func escaped(_ value: String) -> String {
        value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            .replacingOccurrences(of: "\n", with: "\\n")
    }

    private mutating func head(_ name: String, _ help: String, _ type: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        head(name, help, "gauge")
        text += "\(name){\(labels)} \(value)\n"
    }

    mutating func counter(_ name: String, _ help: String, _ value: Int) {
        head(name + "_total", help, "counter")
        text += "\(name)_total{\(labels)} \(value)\n"
    }

    mutating func family(_ name: String, _ help: String, _ values: [(labels: String, value: Int)]) {
        head(name + "_total", help, "counter")
        for value in values { text += "\(name)_total{\(labels),\(value.labels)} \(value.value)\n" }
    }

    mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        head(name, help, "histogram")
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            text += "\(name)_bucket{\(labels),le=\"\(bound)\"} \(count)\n"
        }
        text += "\(name)_bucket{\(labels),le=\"+Inf\"} \(histogram.count)\n"
        text += "\(name)_sum{\(labels)} \(histogram.sum)\n\(name)_count{\(labels)} \(histogram.count)\n"
    }
}
