import Foundation
import Models
import Testing
import Torch

@testable import Inference

/// The engine's choices against plain formulas over the logits of a plain forward pass.
struct EngineSamplingTests {
    static let prompt: [Int32] = [5, 6, 7, 8, 9, 5, 6, 7]

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout SamplingSettings) -> Void
        var stopIDs: Set<Int32> = []
    }

    static let cases = [
        Case(testDescription: "repetition", change: { $0.repetitionPenalty = 1.7 }),
        Case(testDescription: "repetition below one", change: { $0.repetitionPenalty = 0.6 }),
        Case(testDescription: "presence", change: { $0.presencePenalty = 1.5 }),
        Case(testDescription: "frequency", change: { $0.frequencyPenalty = 0.8 }),
        Case(testDescription: "bias", change: { $0.logitBias = [17: 100, 300: 100.5, 5: -100] }),
        Case(
            testDescription: "all",
            change: {
                ($0.repetitionPenalty, $0.presencePenalty, $0.frequencyPenalty) = (1.2, -0.3, 0.4)
                $0.logitBias = [40: 1.5, 41: 1.25, 9: -3]
            }),
    ]

    /// What the next token is chosen from.
    static func changed(_ logits: [Float], _ answer: [Int32], _ sampling: SamplingSettings) -> [Double] {
        var result = logits.map(Double.init)
        for id in Set(prompt + answer) {
            let value = result[Int(id)]
            result[Int(id)] =
                value > 0 ? value / sampling.repetitionPenalty : value * sampling.repetitionPenalty
        }
        for id in Set(answer) {
            let count = answer.count { $0 == id }
            result[Int(id)] -= sampling.frequencyPenalty * Double(count) + sampling.presencePenalty
        }
        for (id, bias) in sampling.logitBias { result[Int(id)] += Double(bias) }
        return result
    }

    @Test("Penalties and biases choose as their formulas do", arguments: cases)
    func penalties(_ given: Case) async throws {
        let fixture = try await EngineFixture("qwen2")
        var request = GenerationRequest.greedy(Self.prompt, 20)
        given.change(&request.sampling)
        let made = try await fixture.engine.answer(request).ids
        var answer: [Int32] = []
        for _ in 0..<20 {
            let logits = try #require(try await fixture.plain(Self.prompt + answer).logits.last)
            let values = Self.changed(logits, answer, request.sampling)
            let best = try #require(values.indices.max { values[$0] < values[$1] })
            answer.append(Int32(best))
        }
        #expect(made == answer)
        #expect(made != (try await fixture.engine.answer(.greedy(Self.prompt, 20)).ids))
    }

    @Test("An answer has its fewest tokens before a stop token may come")
    func fewest() async throws {
        let fixture = try await EngineFixture("qwen2")
        let free = try await fixture.engine.answer(.greedy(Self.prompt, 20)).ids
        var request = GenerationRequest.greedy(Self.prompt, 20)
        request.stopIDs = [free[0]]
        let stopped = try await fixture.engine.answer(request)
        #expect(stopped.ids.isEmpty && stopped.finish == .stop)
        request.sampling.minNewTokens = 6
        let made = try await fixture.engine.answer(request)
        var answer: [Int32] = []
        while answer.count < 20 {
            var logits = try #require(try await fixture.plain(Self.prompt + answer).logits.last)
            if answer.count < 6 { logits[Int(free[0])] = -.infinity }
            let best = Int32(try #require(logits.indices.max { logits[$0] < logits[$1] }))
            if best == free[0] { break }
            answer.append(best)
        }
        #expect(made.ids == answer)
        #expect(answer.count >= 6)
    }

    @Test("Tokens below min_p times the greatest probability are never drawn, the others all are")
    func leastProbability() async throws {
        let fixture = try await EngineFixture("qwen2")
        let logits = try #require(try await fixture.plain(Self.prompt).logits.last)
        var sampling = SamplingSettings()
        (sampling.temperature, sampling.topP, sampling.topK, sampling.maxNewTokens) = (0.8, 1, 0, 1)
        let top = try #require(logits.max())
        let shares = logits.map { exp(Double($0 - top) / 0.8) }
        // A border between two neighbours that leaves about six tokens.
        let sorted = shares.sorted(by: >)
        sampling.minP = (sorted[5] + sorted[6]) / 2
        let expected = Set(shares.indices.filter { shares[$0] >= sampling.minP }.map(Int32.init))
        let made = try await fixture.engine.answers(
            (0..<400).map {
                GenerationRequest(
                    prompt: Prompt(tokenIDs: Self.prompt), sampling: sampling, stopIDs: [], stream: UInt64($0))
            })
        #expect(Set(made.flatMap(\.ids)).isSubset(of: expected))
        let likely = expected.filter { shares[Int($0)] > 0.1 }
        #expect(Set(made.flatMap(\.ids)).isSuperset(of: likely))
    }
}
