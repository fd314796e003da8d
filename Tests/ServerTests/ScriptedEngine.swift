import Foundation
import Inference
import Models
import Prompting
import Synchronization

/// An engine whose answers are written beforehand: the server is tested without a model.
final class ScriptedEngine: GenerationEngine {
    struct State {
        var requests: [GenerationRequest] = []
        var numCancelled = 0
        var adapters: [NamedAdapter] = []
        var numRunning = 0
    }

    let state = Mutex(State())
    let maxModelLength: Int
    /// The tokens of the answer to a request; without end.
    let script: @Sendable (GenerationRequest) -> [Int32]
    /// Milliseconds between tokens.
    let delay: Int

    /// Whether every answer's thought is said to be closed after its first token.
    let closesThoughts: Bool

    init(
        maxModelLength: Int = 512, delay: Int = 0, closesThoughts: Bool = false,
        script: @escaping @Sendable (GenerationRequest) -> [Int32]
    ) {
        self.maxModelLength = maxModelLength
        self.delay = delay
        self.closesThoughts = closesThoughts
        self.script = script
    }

    var requests: [GenerationRequest] { state.withLock { $0.requests } }
    var numCancelled: Int { state.withLock { $0.numCancelled } }
    var numRunning: Int { state.withLock { $0.numRunning } }
    var adapters: [NamedAdapter] { state.withLock { $0.adapters } }
    var statistics: EngineStatistics {
        var statistics = EngineStatistics()
        statistics.numRunning = state.withLock { $0.numRunning }
        return statistics
    }

    func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        state.withLock {
            $0.requests.append(request)
            $0.numRunning += 1
        }
        return AsyncThrowingStream { continuation in
            let task = Task {
                let prompt = request.numPromptLogprobs.map { _ in
                    request.prompt.tokenIDs.enumerated().map { index, id in
                        index == 0 ? [] : [TokenLogprob(id: id, logprob: -0.5), TokenLogprob(id: 5, logprob: -0.25)]
                    }
                }
                continuation.yield(.started(numCached: 0, logprobs: prompt))
                await self.write(request, continuation)
                continuation.finish()
            }
            continuation.onTermination = { reason in
                self.state.withLock {
                    $0.numRunning -= 1
                    if case .cancelled = reason { $0.numCancelled += 1 }
                }
                task.cancel()
            }
        }
    }

    /// Follows the script where the constraint allows it, and the first token allowed elsewhere.
    private func write(
        _ request: GenerationRequest, _ continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    ) async {
        var rule = request.constraint?.start()
        var numTokens = 0
        var script = script(request)[...]
        while numTokens < request.sampling.maxNewTokens ?? 16 {
            if Task.isCancelled { return }
            if delay > 0 { try? await Task.sleep(for: .milliseconds(delay)) }
            var next = script.popFirst()
            if let mask = rule?.allowed() {
                if let id = next, !mask[id] { next = nil }
                if next == nil, rule?.canEnd != true { next = (0..<Int32(mask.words.count * 64)).first { mask[$0] } }
            }
            guard let id = next, !request.stopIDs.contains(id) else {
                continuation.yield(.finished(.stop, stopID: next ?? request.stopIDs.max()))
                return
            }
            _ = rule?.accept(id)
            let likeliest = [TokenLogprob(id: id, logprob: -0.1), TokenLogprob(id: 7, logprob: -2.5)]
            continuation.yield(
                .token(
                    TokenLogprob(id: id, logprob: -0.1), likeliest: Array(likeliest.prefix(request.numLogprobs ?? 0))))
            numTokens += 1
            if closesThoughts, numTokens == 1 { continuation.yield(.thoughtClosed(.budget)) }
        }
        continuation.yield(.finished(.length))
    }

    func embed(_ prompts: [Prompt], adapter: String?) async throws -> [[Float]] {
        prompts.map { [Float($0.tokenIDs.count), 0.5, -1] }
    }

    func loadAdapter(named name: String, folder: String) async throws {
        guard FileManager.default.fileExists(atPath: "\(folder)/adapter_config.json") else {
            throw InferenceError("\(folder) is no adapter folder")
        }
        state.withLock { $0.adapters.append(NamedAdapter(name: name, folder: folder)) }
    }

    func unloadAdapter(named name: String) async throws { state.withLock { $0.adapters.removeAll { $0.name == name } } }
    func drain() async {}
}
