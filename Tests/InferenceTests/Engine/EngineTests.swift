import Foundation
import Models
import Testing
import Torch

@testable import Inference

struct EngineTests {
    /// Texts of many lengths, some with a common beginning.
    static let texts: [[Int32]] = [1, 2, 15, 16, 17, 20, 20, 33].enumerated().map { index, length in
        (0..<length).map { Int32(($0 * 37 + (index % 3) + ($0 > 14 ? index : 0)) % 380) }
    }

    private static func requests() -> [GenerationRequest] {
        texts.map {
            var request = GenerationRequest.greedy($0, 25)
            request.numLogprobs = 2
            return request
        }
    }

    static let variants: [String] = [
        "chunks of 3", "one at a time", "no shared prefixes", "few blocks", "few blocks, chunks of 7",
    ]

    @Test("Answers do not depend on chunks, neighbours, the prefix cache or pre-emption", arguments: variants)
    func independence(_ variant: String) async throws {
        let base = try await EngineFixture("qwen2").engine
        var expected: [Answer] = []
        for request in Self.requests() { expected.append(try await base.answer(request)) }
        var options = variant.contains("few") ? try EngineFixture.options(numBlocks: 5) : EngineOptions()
        switch variant {
        case "chunks of 3": options.tokensPerStep = 3
        case "one at a time": options.numSequences = 1
        case "no shared prefixes": options.sharesPrefixes = false
        case "few blocks, chunks of 7": options.tokensPerStep = 7
        default: break
        }
        let engine = try await EngineFixture("qwen2", options).engine
        for _ in 0..<2 {
            let made = try await engine.answers(Self.requests())
            #expect(made.map(\.ids) == expected.map(\.ids))
            #expect(made.allSatisfy { $0.finish == .length })
            for (a, b) in zip(made, expected) {
                for (x, y) in zip(a.tokens, b.tokens) { #expect(abs(x.logprob - y.logprob) < 1e-4) }
            }
        }
        #expect(try await engine.becomes { $0.numRunning == 0 && $0.cacheUsage == 0 && $0.numFinished == 16 })
        #expect((engine.statistics.numPreemptions > 0) == variant.contains("few"))
        if variant == "chunks of 3" { #expect(engine.statistics.numCachedTokens > 0) }
        if variant == "no shared prefixes" { #expect(engine.statistics.numCachedTokens == 0) }
        #expect(engine.statistics.numGeneratedTokens == 16 * 25)
        #expect(engine.statistics.numPromptTokens == 2 * Self.texts.reduce(0) { $0 + $1.count })
    }

    @Test("Log-probabilities of answer and prompt are those of a plain forward pass")
    func logprobs() async throws {
        let fixture = try await EngineFixture("llama3")
        var request = GenerationRequest.greedy(Self.texts[7], 9)
        (request.numLogprobs, request.numPromptLogprobs) = (3, 2)
        let made = try await fixture.engine.answer(request)
        let whole = request.prompt.tokenIDs + made.ids
        let expected = try await fixture.plain(whole).logprobs
        func compare(_ made: [TokenLogprob], _ row: [Float], _ id: Int32) {
            #expect(made.first?.id == id)
            for token in made { #expect(abs(token.logprob - row[Int(token.id)]) < 1e-4) }
            let best = row.sorted(by: >)
            for (index, token) in made.dropFirst().enumerated() { #expect(abs(token.logprob - best[index]) < 1e-4) }
        }
        let count = request.prompt.tokenIDs.count
        for (index, token) in made.tokens.enumerated() {
            #expect(made.likeliest[index].count == 3)
            compare([token] + made.likeliest[index], expected[count - 1 + index], whole[count + index])
        }
        let prompt = try #require(made.promptLogprobs)
        #expect(prompt.map(\.count) == [0] + Array(repeating: 3, count: count - 1))
        for index in 1..<count { compare(prompt[index], expected[index - 1], whole[index]) }
        // An answer of no length still scores its prompt, and nothing else is reported unasked.
        request.sampling.maxNewTokens = 0
        #expect(try await fixture.engine.answer(request).promptLogprobs == prompt)
        #expect(try await fixture.engine.answer(.greedy(Self.texts[0], 1)).tokens[0].logprob.isNaN)
    }

    @Test("A dropped stream ends its request and frees its blocks")
    func cancelling() async throws {
        let engine = try await EngineFixture("qwen2", .unbounded).engine
        var numTokens = 0
        for try await event in engine.generate(.greedy(Self.texts[5], 100_000)) {
            if case .token = event { numTokens += 1 }
            if numTokens == 3 { break }
        }
        #expect(try await engine.becomes { $0.numRunning == 0 && $0.cacheUsage == 0 })
        let task = Task { try await engine.answer(.greedy(Self.texts[6], 100_000)) }
        #expect(try await engine.becomes { $0.numRunning == 1 })
        task.cancel()
        _ = try await task.value
        #expect(try await engine.becomes { $0.numRunning == 0 && $0.cacheUsage == 0 })
        #expect(engine.statistics.numGeneratedTokens < 20_000)
    }

    @Test("Several answers to one prompt share its blocks and differ by their streams")
    func shared() async throws {
        let engine = try await EngineFixture("qwen2").engine
        var sampling = SamplingSettings()
        (sampling.maxNewTokens, sampling.temperature, sampling.topP) = (10, 1, 1)
        let requests = (0..<4).map {
            GenerationRequest(
                prompt: Prompt(tokenIDs: Self.texts[7]), sampling: sampling, stopIDs: [], stream: UInt64($0))
        }
        let together = try await engine.answers(requests)
        #expect(Set(together.map(\.ids)).count == 4)
        #expect(together.compactMap(\.numCached).reduce(0, +) >= 3 * 32)
        let other = try await EngineFixture("qwen2").engine
        for (request, answer) in zip(requests, together) {
            let alone = try await other.answer(request)
            #expect(alone.ids == answer.ids)
        }
        // The whole prompt but its last token is found again.
        #expect(try await engine.answer(requests[0]).numCached == 32)
    }

    @Test("Embeddings are the normalised means of the plain hidden states")
    func embeddings() async throws {
        let fixture = try await EngineFixture("qwen2")
        let made = try await fixture.engine.embed(
            [Self.texts[3], Self.texts[7]].map { Prompt(tokenIDs: $0) }, adapter: nil)
        for (vector, text) in zip(made, [Self.texts[3], Self.texts[7]]) {
            let hidden = try await fixture.plain(text).hidden
            let sums = hidden[0].indices.map { column in hidden.reduce(0.0) { $0 + Double($1[column]) } }
            let norm = sums.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(zip(vector, sums).allSatisfy { abs(Double($0) - $1 / norm) < 1e-5 })
        }
        await #expect(throws: InferenceError.self) {
            try await fixture.engine.embed([Prompt(tokenIDs: [])], adapter: nil)
        }
        await #expect(throws: InferenceError("there is no adapter x; loaded are: none")) {
            try await fixture.engine.embed([Prompt(tokenIDs: [1])], adapter: "x")
        }
    }

    @Test("What can never run is refused alone; its neighbours go on")
    func refusals() async throws {
        let engine = try await EngineFixture("qwen2").engine
        #expect(engine.maxModelLength == 64)
        async let neighbour = engine.answer(.greedy(Self.texts[2], 30))
        func message(_ request: GenerationRequest) async -> String {
            do { return "answered: \(try await engine.answer(request))" } catch { return "\(error)" }
        }
        #expect(await message(.greedy([], 3)) == "the prompt is empty")
        #expect(
            await message(.greedy((0..<64).map { $0 }, 3)).hasPrefix(
                "the prompt has 64 tokens; prompt and answer together may have at most 64"))
        #expect(await message(.greedy([432], 3)) == "token 432 of the prompt is not in the model's vocabulary of 432")
        #expect(await message(.greedy([1], 3, adapter: "x")) == "there is no adapter x; loaded are: none")
        #expect(try await neighbour.ids.count == 30)
        // An answer stops at the model's length.
        #expect(try await engine.answer(.greedy(Self.texts[7], 100)).ids.count == 31)
    }

    @Test("Draining ends running answers whole and refuses new ones")
    func draining() async throws {
        let engine = try await EngineFixture("qwen2").engine
        let running = Task { try await engine.answer(.greedy(Self.texts[5], 40)) }
        #expect(try await engine.becomes { $0.numRunning + $0.numFinished > 0 })
        await engine.drain()
        #expect(try await running.value.ids.count == 40)
        await #expect(throws: InferenceError("the engine is shutting down and takes no more requests")) {
            try await engine.answer(.greedy([1], 1))
        }
        #expect(try await engine.becomes { $0.numFinished == 1 && $0.numRunning == 0 && $0.cacheUsage == 0 })
    }

    @Test("The cache's size is arithmetic that can be checked")
    func budget() throws {
        let config = try ModelConfig(folder: Fixture.model("qwen2"))
        var options = EngineOptions()
        options.memoryShare = 0.25
        let measured = try CacheBudget(config, dtype: .float32, options: options, freeBytes: 64 << 20)
        // 2 (keys, values) x 2 layers x 2 heads x 16 positions x 16 padded values x 4 bytes; 256 requests of 64 tokens.
        #expect(measured.blockBytes == 8192)
        #expect(measured.numBlocks == 1024)
        #expect(
            measured.description
                == "KV cache: 0.01 GiB (0.06 GiB free x 0.25), 8192 bytes a block of 16 tokens: 1024 blocks, 16384 tokens; maximum concurrency for 64 tokens per request: 256.00x"
        )
        options.length = .tokens(3072)
        options.cacheBytes = 1000 * 8192
        let given = try CacheBudget(config, dtype: .float32, options: options)
        #expect(given.numBlocks == 1000)
        #expect(
            given.description.hasSuffix(
                "(as given), 8192 bytes a block of 16 tokens: 1000 blocks, 16000 tokens; maximum concurrency for 3072 tokens per request: 5.21x"
            ))
        options.cacheBytes = 8191
        #expect(throws: InferenceError.self) { try CacheBudget(config, dtype: .float32, options: options) }
    }
}
