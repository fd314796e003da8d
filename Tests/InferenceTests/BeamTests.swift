import Foundation
import RunConfig
import Scoring
import TestSupport
import Testing

@testable import Inference

struct BeamTests {
    struct Search: Decodable {
        var model: String
        var `case`: String
        var numBeams: Int
        var lengthPenalty: Double
        var earlyStopping: String
        var stops: [Int32]
        var sequences: [[Int32]]
        var scores: [Float]

        var settings: BeamSettings {
            let endings: [String: BeamSettings.Ending] = ["true": .early, "false": .guessed, "never": .certain]
            return BeamSettings(
                numBeams: numBeams, lengthPenalty: lengthPenalty, ending: endings[earlyStopping] ?? .guessed)
        }
    }

    @Test("All sequences of a beam search and their scores equal transformers'")
    func golden() async throws {
        let searches: [Search] = try Fixture.json("beams")
        #expect(searches.count == 234)
        for (name, cases) in Dictionary(grouping: searches, by: \.model) {
            let fixture = try await EngineFixture(name, .unbounded)
            for search in cases {
                var request = GenerationRequest(
                    prompt: try Fixture.golden(name, case: search.case).prompt, sampling: .greedy(maxNewTokens: 9),
                    stopIDs: Set(search.stops))
                request.sampling.beams = search.settings
                let made = try await fixture.engine.searchBeams(request)
                #expect(made.map { $0.tokens.map(\.token.id) } == search.sequences, "\(search)")
                for (beam, score) in zip(made, search.scores) {
                    #expect(abs(beam.score - score) < 1e-4 * max(1, abs(score)), "\(search)")
                }
            }
        }
    }

    @Test("One beam is the greedy answer; a stop token ends it and is not part of its events")
    func one() async throws {
        let fixture = try await EngineFixture("qwen2")
        var request = GenerationRequest.greedy([5, 6, 7, 8, 9], 12)
        let greedy = try await fixture.engine.answer(request).ids
        request.sampling.beams = BeamSettings(numBeams: 1)
        let beam = try #require(try await fixture.engine.searchBeams(request).first)
        #expect(beam.tokens.map(\.token.id) == greedy)
        #expect(beam.events.last == .finished(.length))
        request.stopIDs = [greedy[4]]
        let stopped = try #require(try await fixture.engine.searchBeams(request).first)
        #expect(stopped.events.last == .finished(.stop, stopID: greedy[4]))
        #expect(stopped.events.count - 1 == greedy.firstIndex(of: greedy[4]))
    }

    @Test(
        "What a beam search cannot follow is refused by name",
        arguments: [
            ("do_sample", { @Sendable in $0.samples = true }), ("repetition", { $0.repetitionPenalty = 1.1 }),
            ("logit_bias", { $0.logitBias = [1: 1] }), ("min_tokens", { $0.minNewTokens = 1 }),
            ("bad_words", { $0.bannedSequences = [[1]] }), ("thinking_budget", { $0.thinkingBudget = 1 }),
        ] as [(String, @Sendable (inout SamplingSettings) -> Void)])
    func refused(_ name: String, _ change: @Sendable (inout SamplingSettings) -> Void) async throws {
        let fixture = try await EngineFixture("qwen2")
        var request = GenerationRequest.greedy([5, 6], 3)
        request.sampling.beams = BeamSettings(numBeams: 2)
        change(&request.sampling)
        let error = await #expect(throws: InferenceError.self) {
            _ = try await fixture.engine.searchBeams(request)
        }
        #expect(error?.description.contains(name) == true)
        // The engine's plain way does not forget that beams were asked for.
        await #expect(throws: InferenceError.self) { _ = try await fixture.engine.answer(request) }
    }

    @Test("anneal predict follows beams and gives the same lines whatever is answered together")
    func predict() throws {
        try TemporaryFolder.with { folder in
            func lines(_ more: [String], width: Int) throws -> [String] {
                let config = try RunConfig.load(
                    modelArguments: [
                        Fixture.model("qwen2"), "template=qwen", "dataset=text", "dataset_dir=\(Fixture.data)",
                        "max_new_tokens=6", "max_samples=6",
                    ] + more, purpose: .inference)
                let path = "\(folder)/\(UUID().uuidString)"
                return try PredictionRun(config, savePath: path, batchSize: width).start { _ in }.lines.map(\.predict)
            }
            let beams = try lines(["num_beams=4", "do_sample=false", "length_penalty=0.5"], width: 4)
            #expect(beams.count == 6)
            #expect(try lines(["num_beams=4", "do_sample=false", "length_penalty=0.5"], width: 1) == beams)
            let error = #expect(throws: InferenceError.self) { _ = try lines(["num_beams=4"], width: 4) }
            #expect(error?.description.contains("add do_sample=false") == true)
        }
    }
}
