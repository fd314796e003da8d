import Testing

@testable import Inference

/// A request's answer is its own, whatever is computed beside it.
struct EngineReproductionTests {
    /// Requests with every setting that changes an answer, drawn by chance.
    static func requests(_ seed: UInt64) -> [GenerationRequest] {
        var random = SchedulerTests.Random(seed)
        func chance(_ one: Int) -> Bool { random.below(one) == 0 }
        return (0..<12).map { index in
            var sampling = SamplingSettings()
            sampling.maxNewTokens = 1 + random.below(20)
            sampling.samples = !chance(4)
            sampling.temperature = [0.3, 0.9, 1.5][random.below(3)]
            sampling.topK = [0, 5, 50][random.below(3)]
            sampling.topP = [0.5, 0.9, 1][random.below(3)]
            sampling.minP = chance(3) ? 0.02 : 0
            if chance(3) { sampling.repetitionPenalty = 1.3 }
            if chance(3) { sampling.presencePenalty = 0.7 }
            if chance(3) { sampling.frequencyPenalty = -0.4 }
            if chance(3) { sampling.logitBias = [Int32(random.below(400)): 4, Int32(random.below(400)): -50] }
            if chance(4) { sampling.bannedSequences = [[Int32(random.below(400))], [12, 13]] }
            sampling.minNewTokens = random.below(4)
            sampling.seed = UInt64(random.below(3))
            if chance(3) { sampling.numLookupTokens = 4 }
            let period = 1 + random.below(12)
            let tokens = (0..<(1 + random.below(40))).map { Int32(($0 % period) * 5 + 1) }
            return GenerationRequest(
                prompt: Prompt(tokenIDs: tokens), sampling: sampling,
                stopIDs: [Int32(random.below(400)), Int32(random.below(400))], stream: UInt64(index % 3))
        }
    }

    @Test("Alone, together, in another order, with little memory and after others: the same answers", arguments: 0..<6)
    func same(_ seed: UInt64) async throws {
        let requests = Self.requests(seed)
        func engine(_ numBlocks: Int, _ numSequences: Int = 256, _ tokensPerStep: Int = 512) async throws -> PagedEngine
        {
            var options = try EngineFixture.options(numBlocks: numBlocks)
            options.length = .tokens(64)
            (options.numSequences, options.tokensPerStep) = (numSequences, tokensPerStep)
            return try await EngineFixture("qwen2", options).engine
        }
        let single = try await engine(200)
        var alone: [Answer] = []
        for request in requests { alone.append(try await single.answer(request)) }
        let expected = alone.map { [$0.ids.map(Int.init), [$0.finish == .stop ? 1 : 0]] }
        func check(_ answers: [Answer], _ what: String) {
            #expect(answers.map { [$0.ids.map(Int.init), [$0.finish == .stop ? 1 : 0]] } == expected, "\(what)")
        }
        let roomy = try await engine(200)
        check(try await roomy.answers(requests), "together")
        check(try await roomy.answers(requests), "again, from the prefix cache")
        check(try await roomy.answers(requests.reversed()).reversed(), "in another order")
        check(try await engine(9).answers(requests), "with pre-emption")
        check(try await engine(200, 3, 7).answers(requests), "few at a time, prompts in pieces")
    }

    @Test("A banned piece of text never comes, a longer one only as a whole")
    func banned() async throws {
        let fixture = try await EngineFixture("qwen2")
        var request = GenerationRequest.greedy([5, 6, 7, 8, 9, 5, 6, 7], 30)
        let free = try await fixture.engine.answer(request).ids
        request.sampling.bannedSequences = [[free[3]], [free[0], free[1]]]
        let made = try await fixture.engine.answer(request).ids
        #expect(!made.contains(free[3]))
        #expect(!zip(made, made.dropFirst()).contains { $0 == free[0] && $1 == free[1] })
        #expect(free[0] == free[3] || made[0] == free[0])
    }
}
