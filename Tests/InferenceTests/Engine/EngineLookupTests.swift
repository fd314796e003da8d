import Testing

@testable import Inference

struct EngineLookupTests {
    @Test(
        "What followed the longest match at its first place is guessed, up to a stop token",
        arguments: [
            ([1, 2, 3, 1, 2], 2, 3, [3, 1, 2]), ([1, 2, 3, 4, 1, 2], 2, 2, [3, 4]), ([1, 2, 3], 2, 3, []),
            ([7, 1, 5, 7, 2, 7], 2, 3, [1, 5, 7]), ([1, 2, 9, 4, 1, 2], 2, 3, []), ([1, 2, 3, 9, 1, 2], 2, 3, [3]),
            ([4], 2, 3, []), ([4, 4], 2, 3, [4]), ([1, 2, 1, 2], 2, 0, []),
        ] as [([Int32], Int, Int, [Int32])])
    func guesses(_ tokens: [Int32], _ length: Int, _ count: Int, _ expected: [Int32]) {
        #expect(PromptLookup.guess(after: tokens, lengths: 1...length, count: count, stopIDs: [9]) == expected)
    }

    /// Requests of all kinds: prompts that repeat themselves, draws, penalties, stop tokens, fewest tokens.
    static func requests(_ seed: UInt64, numLookupTokens: Int) -> [GenerationRequest] {
        var random = SchedulerTests.Random(seed)
        return (0..<10).map { index in
            let kind = random.below(4), period = 1 + random.below(9), count = 2 + random.below(30)
            var sampling = SamplingSettings.greedy(maxNewTokens: 1 + random.below(25))
            if kind == 1 { (sampling.samples, sampling.temperature, sampling.topK) = (true, 1.2, 0) }
            if kind == 2 { (sampling.repetitionPenalty, sampling.frequencyPenalty) = (1.2, 0.3) }
            sampling.minNewTokens = random.below(3)
            sampling.numLookupTokens = numLookupTokens
            let tokens = (0..<count).map { Int32(($0 % period) * 7 + kind) }
            return GenerationRequest(
                prompt: Prompt(tokenIDs: tokens), sampling: sampling,
                stopIDs: [Int32(random.below(400)), 11, 25], numLogprobs: index % 2 == 0 ? 2 : nil,
                stream: UInt64(index))
        }
    }

    @Test(
        "Guessing ahead changes no answer, no reason and no log-probability, and says how often it was right",
        arguments: 0..<8)
    func same(_ seed: UInt64) async throws {
        var options = try EngineFixture.options(numBlocks: seed % 2 == 0 ? 400 : 9)
        options.length = .tokens(64)
        let plain = try await EngineFixture("qwen2", options).engine
        let expected = try await plain.answers(Self.requests(seed, numLookupTokens: 0))
        #expect(plain.statistics.numGuessedTokens == 0)
        let engine = try await EngineFixture("qwen2", options).engine
        let made = try await engine.answers(Self.requests(seed, numLookupTokens: 1 + Int(seed)))
        #expect(made.map(\.ids) == expected.map(\.ids))
        #expect(made.map(\.finish) == expected.map(\.finish))
        for (a, b) in zip(made.flatMap(\.tokens), expected.flatMap(\.tokens)) where !b.logprob.isNaN {
            #expect(abs(a.logprob - b.logprob) < 1e-4)
        }
        #expect(made.map { $0.likeliest.map { $0.map(\.id) } } == expected.map { $0.likeliest.map { $0.map(\.id) } })
        #expect(try await engine.becomes { $0.numFinished == 10 })
        #expect(try await plain.becomes { $0.numFinished == 10 })
        let statistics = engine.statistics
        #expect(statistics.numGuessedTokens > 0)
        #expect(statistics.numRightGuesses <= statistics.numGuessedTokens)
        #expect(statistics.numGeneratedTokens == plain.statistics.numGeneratedTokens)
    }

    @Test("An answer that repeats itself takes fewer steps, and later requests find what was guessed right")
    func cached() async throws {
        let fixture = try await EngineFixture("qwen2")
        var request = GenerationRequest.greedy([5, 6, 7, 8, 9, 5, 6, 7], 50)
        let plain = try await fixture.engine.answer(request)
        let other = try await EngineFixture("qwen2").engine
        request.sampling.numLookupTokens = 8
        #expect(try await other.answer(request).ids == plain.ids)
        #expect(try await other.becomes { $0.numFinished == 1 })
        let statistics = other.statistics
        #expect(statistics.numRightGuesses > 10, "\(statistics)")
        // The whole text as a prompt: its full blocks were filled by guesses.
        let longer = request.prompt.tokenIDs + plain.ids
        #expect(try await other.answer(.greedy(longer, 1)).numCached == (longer.count - 1) / 16 * 16)
        #expect(
            try await other.answer(.greedy(longer, 5)).ids == (try await fixture.engine.answer(.greedy(longer, 5)).ids))
    }
}
