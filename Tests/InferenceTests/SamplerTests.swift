import Foundation
import Testing
import Torch

@testable import Inference

struct SamplerTests {
    struct Golden: Decodable, Sendable {
        let repetitionPenalty: Double, temperature: Double, topK: Int, topP: Double
        let logits: [Float], prompt: [Int32], kept: [Int32], probabilities: [Double]

        var settings: SamplingSettings {
            var settings = SamplingSettings()
            settings.repetitionPenalty = repetitionPenalty
            settings.temperature = temperature
            settings.topK = topK
            settings.topP = topP
            return settings
        }
    }

    /// Tokens drawn from the same logits again and again, with their penalties kept as they were.
    private static func draw(_ golden: Golden, seed: UInt64, stream: UInt64, count: Int) throws -> [Int32] {
        try TensorThread.cpu.run {
            try (0..<count).map { index in
                var settings = golden.settings
                settings.seed = seed
                var sampler = Sampler(
                    GenerationRequest(
                        prompt: Prompt(tokenIDs: golden.prompt), sampling: settings, stopIDs: [],
                        stream: stream &* 100_000 &+ UInt64(index)))
                let logits = Tensor(golden.logits, shape: [1, golden.logits.count])
                return try scope { logits.sample([sampler.row()])[0].token.id }
            }
        }
    }

    @Test("What is drawn and how often follows transformers' processors")
    func distributions() throws {
        let cases: [Golden] = try Fixture.json("sampling")
        for golden in cases {
            let count = 3000
            let drawn = try Self.draw(golden, seed: 1, stream: 0, count: count)
            #expect(Set(drawn).isSubset(of: golden.kept))
            for (id, probability) in zip(golden.kept, golden.probabilities) {
                let share = Double(drawn.count { $0 == id }) / Double(count)
                // Four and a half standard deviations.
                #expect(
                    abs(share - probability) < 4.5 * (probability * (1 - probability) / Double(count)).squareRoot()
                        + 1e-9)
            }
        }
        #expect(cases.count == 6)
    }

    @Test("Draws repeat with the seed, and differ between seeds and streams")
    func draws() throws {
        let cases: [Golden] = try Fixture.json("sampling")
        let first = try Self.draw(cases[0], seed: 1, stream: 0, count: 50)
        #expect(try Self.draw(cases[0], seed: 1, stream: 0, count: 50) == first)
        #expect(try Self.draw(cases[0], seed: 2, stream: 0, count: 50) != first)
        #expect(try Self.draw(cases[0], seed: 1, stream: 1, count: 50) != first)
    }

    @Test("The last bits of logits, which depend on the batch, change no draw among many tokens", arguments: [0.7, 1])
    func rounding(_ topP: Double) throws {
        let size = 20_000
        let logits = (0..<size).map { Float(sin(Double($0))) * 0.1 }
        let rounded = logits.indices.map { logits[$0] + ($0 % 3 == 0 ? 1e-6 : -1e-6) }
        func draw(_ logits: [Float], seed: UInt64) throws -> Int32 {
            try TensorThread.cpu.run {
                var settings = SamplingSettings()
                (settings.temperature, settings.topK, settings.topP, settings.seed) = (1, 0, topP, seed)
                var sampler = Sampler(
                    GenerationRequest(prompt: Prompt(tokenIDs: [1]), sampling: settings, stopIDs: []))
                return try scope { Tensor(logits, shape: [1, size]).sample([sampler.row()])[0].token.id }
            }
        }
        let seeds = UInt64(0)..<200
        let drawn = try seeds.map { try draw(logits, seed: $0) }
        #expect(try seeds.map { try draw(rounded, seed: $0) } == drawn)
        #expect(Set(drawn).count > 190)
    }

    @Test("Temperature 0, top_k 1 and do_sample false take the likeliest token, after the penalty")
    func greedy() throws {
        let logits: [Float] = [0.5, 2, 1.9, -1]
        func take(_ settings: SamplingSettings) throws -> [Int32] {
            try TensorThread.cpu.run {
                var sampler = Sampler(
                    GenerationRequest(prompt: Prompt(tokenIDs: [1]), sampling: settings, stopIDs: []))
                return try (0..<3).map { _ in
                    let id = try scope { Tensor(logits, shape: [1, 4]).sample([sampler.row()])[0].token.id }
                    _ = sampler.accept(id)
                    return id
                }
            }
        }
        let changes: [@Sendable (inout SamplingSettings) -> Void] = [
            { $0.temperature = 0 }, { $0.topK = 1 }, { $0.samples = false },
        ]
        for change in changes {
            var settings = SamplingSettings()
            change(&settings)
            #expect(try take(settings) == [1, 1, 1])
            settings.repetitionPenalty = 1.5
            #expect(try take(settings) == [2, 1, 1])
        }
    }
}
