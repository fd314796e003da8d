import Testing

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

    @Test("What may be drawn and how likely equals transformers' processors")
    func distributions() throws {
        let cases: [Golden] = try Fixture.json("sampling")
        for golden in cases {
            let sampler = Sampler(golden.settings, stream: 0, prompt: golden.prompt)
            let made = sampler.distribution(sampler.penalized(golden.logits)).sorted { $0.id < $1.id }
            #expect(made.map(\.id) == golden.kept)
            // Sums in fp32 there, in fp64 here.
            for (ours, theirs) in zip(made, golden.probabilities) { #expect(abs(ours.probability - theirs) < 1e-5) }
        }
        #expect(cases.count == 6)
    }

    @Test("Draws follow the probabilities, repeat with the seed, and differ between seeds and streams")
    func draws() throws {
        let cases: [Golden] = try Fixture.json("sampling")
        let golden = cases[0]
        func draw(seed: UInt64, stream: UInt64, count: Int) -> [Int32] {
            var settings = golden.settings
            settings.seed = seed
            var sampler = Sampler(settings, stream: stream, prompt: golden.prompt)
            return (0..<count).map { _ in sampler.next(golden.logits) }
        }
        let many = draw(seed: 1, stream: 0, count: 4000)
        for (id, probability) in zip(golden.kept, golden.probabilities) {
            let share = Double(many.count { $0 == id }) / 4000
            // Four standard deviations.
            #expect(abs(share - probability) < 4 * (probability * (1 - probability) / 4000).squareRoot() + 1e-9)
        }
        #expect(Set(many).isSubset(of: golden.kept))
        #expect(draw(seed: 1, stream: 0, count: 50) == Array(many.prefix(50)))
        #expect(draw(seed: 2, stream: 0, count: 50) != Array(many.prefix(50)))
        #expect(draw(seed: 1, stream: 1, count: 50) != Array(many.prefix(50)))
    }

    @Test("Temperature 0, top_k 1 and do_sample false take the likeliest token, after the penalty")
    func greedy() {
        let logits: [Float] = [0.5, 2, 1.9, -1]
        for change: (inout SamplingSettings) -> Void in [
            { $0.temperature = 0 }, { $0.topK = 1 }, { $0.samples = false },
        ] {
            var settings = SamplingSettings()
            change(&settings)
            var plain = Sampler(settings, stream: 0, prompt: [1])
            #expect(plain.isPlainGreedy)
            #expect(plain.next(logits) == 1)
            settings.repetitionPenalty = 1.5
            var penalized = Sampler(settings, stream: 0, prompt: [1])
            #expect(!penalized.isPlainGreedy)
            #expect((0..<3).map { _ in penalized.next(logits) } == [2, 1, 1])
        }
    }
}
