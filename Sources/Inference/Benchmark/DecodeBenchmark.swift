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
        /// Which prompts: those of another number share nothing with these.
        public var salt: Int

        public init(
            numStreams: Int, numPromptTokens: Int, numAnswerTokens: Int, numSharedTokens: Int = 0, salt: Int = 0
        ) {
            self.numStreams = numStreams
            self.numPromptTokens = numPromptTokens
            self.numAnswerTokens = numAnswerTokens
            self.numSharedTokens = numSharedTokens
            self.salt = salt
        }
    }

    private let engine: PagedEngine
    private let weights: ReadWeights
    private let vocabularySize: Int
    /// What the engine says about its memory.
    public let description: String

    /// Loads a model; with an adapter folder every request uses it.
    ///
    /// - Parameter drawsWeights: random weights for the folder's config.json, so that it needs no checkpoint.
    public init(
        modelFolder: String, adapter: String? = nil, quantization: WeightQuantization? = nil,
        device: Device.Wish = .auto, drawsWeights: Bool = false
    ) throws {
        let chosen = try Device.choose(device)
        try quantization?.check(on: chosen)
        (engine, weights, vocabularySize, description) = try TensorThread.cpu.run {
            let model: LanguageModel
            if drawsWeights {
                model = LanguageModel(try ModelConfig(folder: modelFolder))
                try scope("drawing random weights") { model.initializeWeights(dtype: model.config.dtype) }
            } else {
                model = try LanguageModel.load(folder: modelFolder, dtype: nil)
            }
            try model.packForGeneration(quantization)
            let engine = try PagedEngine(model)
            return (
                engine, ReadWeights(tensors: model.decodedTensors), model.config.text.vocabularySize,
                engine.budget.description
            )
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
                        let own = $0 < load.numSharedTokens ? 0 : stream * 7919
                        return Int32((own + load.salt * 31 + $0 * 104_729 + 17) % vocabularySize)
                    }),
                sampling: sampling, stopIDs: [], adapter: adapter)
        }
        // How fast a CUDA device reads its memory is not measured.
        let device = Device.current
        let clock = StepClock(
            numStreams: load.numStreams, numSteps: load.numAnswerTokens,
            read: { [weights] in device.isCPU ? weights.readSeconds() : 0 })
        let numCachedBefore = engine.statistics.numCachedTokens
        let start = Date.timeIntervalSinceReferenceDate
        _ = try engine.complete(requests) { _, _ in
            clock.tick()
            return true
        }
        let seconds = Date.timeIntervalSinceReferenceDate - start - clock.readingSeconds
        let numTokens = load.numStreams * load.numAnswerTokens
        let speed = String(
            format: """
                %d stream(s) of %d in (%d found in the prefix cache in all) + %d out: %.1f tok/s overall, %.2f requests/s, \
                %.2f ms a step after the prompts (%.1f tok/s)
                """,
            load.numStreams, load.numPromptTokens, engine.statistics.numCachedTokens - numCachedBefore,
            load.numAnswerTokens, Double(numTokens) / seconds, Double(load.numStreams) / seconds, clock.step * 1e3,
            Double(load.numStreams) / clock.step)
        guard device.isCPU else { return "\(device) (\(device.name)): \(speed)" }
        let gigabytes = Double(weights.byteCount) / 1e9
        return speed
            + String(
                format: """
                    ; reading the %.3f GB of weights in turns with the steps took %.2f ms (%.1f GB/s; %.1f to %.1f): %.0f %% \
                    of the memory-read limit
                    """,
                gigabytes, clock.reading * 1e3, gigabytes / clock.reading, gigabytes / clock.slowestReading,
                gigabytes / clock.fastestReading, 100 * clock.share)
    }
}

/// The weights that a token reads. `@unchecked`: read on the tensor thread only.
private struct ReadWeights: @unchecked Sendable {
    let tensors: [Tensor]
    var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }
    func readSeconds() -> Double { Runtime.readSeconds(tensors) }
}

/// Times of steps, and of reading the weights once after each of them: the speed of memory changes from second to second.
/// `@unchecked`: touched by the tensor thread while it writes, by the caller afterwards.
private final class StepClock: @unchecked Sendable {
    private let numStreams: Int
    private let numSteps: Int
    private let read: @Sendable () -> Double
    private var numTokens = 0
    private var start = 0.0
    private var steps: [Double] = []
    private var readings: [Double] = []
    /// Seconds that were spent on reading.
    private(set) var readingSeconds = 0.0

    init(numStreams: Int, numSteps: Int, read: @escaping @Sendable () -> Double) {
        self.numStreams = numStreams
        self.numSteps = numSteps
        self.read = read
    }

    /// Hears of every token. The last half of the steps is measured: no prompts are read any more.
    func tick() {
        numTokens += 1
        guard numTokens % numStreams == 0, numTokens > numStreams * numSteps / 2 else { return }
        let now = Date.timeIntervalSinceReferenceDate
        if start > 0 { steps.append(now - start) }
        // The first pass wakes what has slept; the second counts.
        _ = read()
        readings.append(read())
        start = Date.timeIntervalSinceReferenceDate
        readingSeconds += start - now
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? .nan : values.sorted()[values.count / 2]
    }

    var step: Double { Self.median(steps) }
    var reading: Double { Self.median(readings) }
    var fastestReading: Double { readings.min() ?? .nan }
    var slowestReading: Double { readings.max() ?? .nan }
    /// Time of reading over time of a step, each step with the mean of the readings before and after it.
    var share: Double {
        Self.median(steps.indices.map { (readings[$0] + readings[$0 + 1]) / 2 / steps[$0] })
    }
}
