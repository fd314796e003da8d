import Foundation
import Models
public import Torch

/// Measures how fast an engine writes, beside how fast the machine reads memory: a decoded token reads every weight once.
public struct DecodeBenchmark: Sendable {
    /// Streams, prompt tokens and answer tokens of one measurement.
    public struct Load: Sendable {
        public var numStreams: Int
        public var numPromptTokens: Int
        public var numAnswerTokens: Int
        /// Tokens that all prompts begin with.
        public var numSharedTokens: Int

        public init(numStreams: Int, numPromptTokens: Int, numAnswerTokens: Int, numSharedTokens: Int = 0) {
            self.numStreams = numStreams
            self.numPromptTokens = numPromptTokens
            self.numAnswerTokens = numAnswerTokens
            self.numSharedTokens = numSharedTokens
        }
    }

    private let engine: PagedEngine
    private let weightBytes: Int
    private let vocabularySize: Int
    /// What the engine says about its memory.
    public let description: String

    /// Loads a model; with an adapter folder every request uses it.
    ///
    /// - Parameter drawsWeights: random weights for the folder's config.json, so that it needs no checkpoint.
    public init(modelFolder: String, adapter: String? = nil, device: Device.Wish = .auto, drawsWeights: Bool = false)
        throws
    {
        try Device.choose(device)
        (engine, weightBytes, vocabularySize, description) = try TensorThread.cpu.run {
            let model: LanguageModel
            if drawsWeights {
                model = LanguageModel(try ModelConfig(folder: modelFolder))
                try scope("drawing random weights") { model.initializeWeights(dtype: model.config.dtype) }
            } else {
                model = try LanguageModel.load(folder: modelFolder, dtype: nil)
            }
            // The rows of the embedding that are looked up are nothing; as a tied output layer it is read whole.
            let bytes = model.namedWeights().filter { !$0.name.contains("visual") }.reduce(0) { sum, weight in
                let isTable = weight.name.hasSuffix("embed_tokens.weight") && !model.config.text.tiesEmbeddings
                return isTable ? sum : sum + weight.tensor.byteCount
            }
            let engine = try PagedEngine(model)
            return (engine, bytes, model.config.text.vocabularySize, engine.budget.description)
        }
        if let adapter { try load(adapter) }
    }

    private func load(_ folder: String) throws {
        let done = Background { [engine] in
            let finished = DispatchSemaphore(value: 0)
            let failure = Collected<String>(count: 1)
            Task {
                do { try await engine.loadAdapter(named: "adapter", folder: folder) } catch {
                    failure.set(0, "\(error)")
                }
                finished.signal()
            }
            finished.wait()
            if let message = failure.values.first { throw InferenceError(message) }
        }
        try done.value()
    }

    /// One line: tokens a second of the whole load, milliseconds a step, and the share of the memory-read limit.
    public func run(_ load: Load) throws -> String {
        var sampling = SamplingSettings.greedy(maxNewTokens: load.numAnswerTokens)
        sampling.ignoresStopIDs = true
        let adapter = engine.adapterNames.first
        let requests = (0..<load.numStreams).map { stream in
            GenerationRequest(
                prompt: Prompt(
                    tokenIDs: (0..<load.numPromptTokens).map {
                        Int32((($0 < load.numSharedTokens ? 0 : stream * 7919) + $0 * 104_729 + 17) % vocabularySize)
                    }),
                sampling: sampling, stopIDs: [], adapter: adapter)
        }
        let clock = TokenClock(), numCachedBefore = engine.statistics.numCachedTokens
        let device = Device.current
        let before = device.isCPU ? Runtime.readBandwidth(bytes: 1 << 30) : 0
        let start = Date.timeIntervalSinceReferenceDate
        _ = try engine.complete(requests) { _, _ in
            clock.tick()
            return true
        }
        let end = Date.timeIntervalSinceReferenceDate
        let numTokens = load.numStreams * load.numAnswerTokens
        // From each stream's first token on: the steps without prompts.
        let steady = clock.steady(skipping: load.numStreams)
        let step = steady * Double(load.numStreams)
        let speed = String(
            format:
                "%d stream(s) of %d in (%d found in the prefix cache in all) + %d out: %.1f tok/s overall, %.2f requests/s, %.2f ms a step after the prompts (%.1f tok/s)",
            load.numStreams, load.numPromptTokens, engine.statistics.numCachedTokens - numCachedBefore,
            load.numAnswerTokens, Double(numTokens) / (end - start), Double(load.numStreams) / (end - start),
            step * 1e3, 1 / steady)
        // How fast a CUDA device reads its memory is not measured.
        guard device.isCPU else { return "\(device) (\(device.name)): \(speed)" }
        let bandwidth = max(before, Runtime.readBandwidth(bytes: 1 << 30))
        let limit = Double(weightBytes) / bandwidth
        return speed
            + String(
                format:
                    "; reading %.3f GB of weights at %.1f GB/s takes %.2f ms: %.0f %% of the memory-read limit",
                Double(weightBytes) / 1e9, bandwidth / 1e9, limit * 1e3, 100 * limit / step)
    }
}

/// Times of tokens. `@unchecked`: touched by the tensor thread while it writes, by the caller afterwards.
private final class TokenClock: @unchecked Sendable {
    private var times: [Double] = []
    func tick() { times.append(Date.timeIntervalSinceReferenceDate) }
    /// Mean seconds a token over the last half of the tokens.
    func steady(skipping count: Int) -> Double {
        let last = times.dropFirst(max(count, times.count / 2))
        guard let first = last.first, let end = last.last, last.count > 1 else { return .nan }
        return (end - first) / Double(last.count - 1)
    }
}
