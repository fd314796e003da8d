import Foundation
import Models
import Testing
import Torch

@testable import Inference

/// An engine over a checkpoint of the fixtures, and the model for plain forward passes. `@unchecked`: the model is only
/// touched on the tensor thread.
final class EngineFixture: @unchecked Sendable {
    let engine: PagedEngine
    private let model: LanguageModel

    init(_ name: String, _ options: EngineOptions = EngineOptions()) async throws {
        let made = try await TensorThread.cpu.run { () -> EngineFixture in
            let model = try scope("loading") { try LanguageModel.load(folder: Fixture.model(name), dtype: .float32) }
            return EngineFixture(model, try PagedEngine(model, options: options))
        }
        (engine, model) = (made.engine, made.model)
    }

    private init(_ model: LanguageModel, _ engine: PagedEngine) {
        self.model = model
        self.engine = engine
    }

    /// Room for so many blocks of the tiny text checkpoints (2 layers, 2 key-value heads of 16 padded values, fp32).
    static func options(numBlocks: Int) throws -> EngineOptions {
        var options = EngineOptions()
        let config = try ModelConfig(folder: Fixture.model("qwen2")).text
        options.cacheBytes =
            numBlocks
            * PagedCache.blockBytes(
                numLayers: config.numLayers, numKeyValueHeads: config.numKeyValueHeads, headDim: config.headDim,
                dtype: .float32)
        return options
    }

    /// Final hidden states and log-probabilities of every next token, by the pass that training uses.
    func plain(_ tokenIDs: [Int32]) async throws -> (hidden: [[Float]], logits: [[Float]], logprobs: [[Float]]) {
        try await TensorThread.cpu.run {
            try noGrad {
                try scope("plain") {
                    let hidden = self.model.hiddenStates(ModelInput([Prompt(tokenIDs: tokenIDs)], vision: nil))
                    func rows(_ tensor: Tensor) -> [[Float]] {
                        let values = tensor.to(.float32).array(Float.self), width = tensor.size(1)
                        return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<($0 + width)]) }
                    }
                    let all = rows(self.model.logits(hidden))
                    let logprobs = all.map { logits in
                        let top = logits.max() ?? 0
                        let sum = logits.reduce(0.0) { $0 + exp(Double($1 - top)) }
                        return logits.map { $0 - top - Float(log(sum)) }
                    }
                    return (rows(hidden), all, logprobs)
                }
            }
        }
    }
}

extension EngineOptions {
    /// Answers as long as memory lasts.
    static var unbounded: EngineOptions {
        var options = EngineOptions()
        options.length = .memory
        return options
    }
}

/// All that an engine said about a request.
struct Answer: Sendable, Equatable {
    var numCached: Int?
    var promptLogprobs: [[TokenLogprob]]?
    var tokens: [TokenLogprob] = []
    var likeliest: [[TokenLogprob]] = []
    var thoughtClosing: ThoughtGuard.Closing?
    var finish: Completion.Finish?

    var ids: [Int32] { tokens.map(\.id) }
}

extension PagedEngine {
    func answer(_ request: GenerationRequest) async throws -> Answer {
        var answer = Answer()
        for try await event in generate(request) {
            switch event {
            case .started(let numCached, let logprobs):
                (answer.numCached, answer.promptLogprobs) = (numCached, logprobs)
            case .token(let token, let likeliest):
                answer.tokens.append(token)
                answer.likeliest.append(likeliest)
            case .thoughtClosed(let closing): answer.thoughtClosing = closing
            case .finished(let reason, _): answer.finish = reason
            }
        }
        return answer
    }

    /// Answers requests at the same time, in order.
    func answers(_ requests: [GenerationRequest]) async throws -> [Answer] {
        try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            for (index, request) in requests.enumerated() { group.addTask { (index, try await self.answer(request)) } }
            var answers = [Answer](repeating: Answer(), count: requests.count)
            for try await (index, answer) in group { answers[index] = answer }
            return answers
        }
    }

    /// Waits until the shown numbers are as wanted, five seconds at most.
    func becomes(_ wanted: (EngineStatistics) -> Bool) async throws -> Bool {
        for _ in 0..<500 {
            if wanted(statistics) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return wanted(statistics)
    }
}

extension GenerationRequest {
    static func greedy(_ ids: [Int32], _ count: Int, adapter: String? = nil) -> GenerationRequest {
        GenerationRequest(
            prompt: Prompt(tokenIDs: ids), sampling: .greedy(maxNewTokens: count), stopIDs: [], adapter: adapter)
    }
}
