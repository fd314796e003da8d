import Models
import Testing
import Torch

@testable import Inference

struct EngineConstraintTests {
    /// One of a few lists of tokens.
    private struct Choice: TokenConstraint, TokenConstraintState {
        var choices: [[Int32]]
        var numTaken = 0
        func start() -> any TokenConstraintState { self }
        var canEnd: Bool { choices.contains { $0.count == numTaken } }
        mutating func allowed() -> TokenMask {
            var mask = TokenMask(numTokens: 432)
            for choice in choices where choice.count > numTaken { mask[choice[numTaken]] = true }
            return mask
        }
        mutating func accept(_ id: Int32) -> Bool {
            choices.removeAll { $0.count <= numTaken || $0[numTaken] != id }
            numTaken += 1
            return !choices.isEmpty
        }
    }

    @Test("A constrained answer is one of the choices, and ends when nothing may follow or a stop token may and does")
    func choices() async throws {
        let engine = try await EngineFixture("qwen2").engine
        let choices: [[Int32]] = [[11, 12, 13], [11, 14], [300], [301, 302]]
        var seen: Set<[Int32]> = []
        var requests: [GenerationRequest] = []
        for stream in 0..<40 {
            var sampling = SamplingSettings()
            (sampling.topP, sampling.topK, sampling.maxNewTokens) = (1, stream.isMultiple(of: 2) ? 0 : 50, 20)
            sampling.samples = stream > 0
            // The model's own preferences are too strong to see every choice.
            sampling.temperature = 4
            requests.append(
                GenerationRequest(
                    prompt: Prompt(tokenIDs: [5, 6, 7]), sampling: sampling, stopIDs: [402],
                    constraint: Choice(choices: choices),
                    numLogprobs: 0, stream: UInt64(stream)))
        }
        for answer in try await engine.answers(requests) {
            #expect(answer.finish == .stop)
            #expect(choices.contains(answer.ids))
            #expect(answer.tokens.allSatisfy { $0.logprob.isFinite && $0.logprob < 0 })
            seen.insert(answer.ids)
        }
        #expect(seen == Set(choices))
        // [11] alone is whole, too: the stop token decides. Biased towards it, the answer ends there.
        var request = requests[0]
        request.constraint = Choice(choices: [[11], [11, 12]])
        request.sampling.logitBias = [402: 100]
        #expect(try await engine.answer(request).ids == [11])
        request.sampling.logitBias = [402: -100]
        #expect(try await engine.answer(request).ids == [11, 12])
    }

    @Test("A constraint that allows nothing fails its own request only")
    func stuck() async throws {
        let engine = try await EngineFixture("qwen2").engine
        async let neighbour = engine.answer(.greedy([5, 6, 7], 5))
        let impossible = GenerationRequest(
            prompt: Prompt(tokenIDs: [5]), sampling: .greedy(maxNewTokens: 5), stopIDs: [],
            constraint: Choice(choices: [[999]]))
        await #expect(throws: InferenceError.self) { try await engine.answer(impossible) }
        #expect(try await neighbour.ids.count == 5)
    }
}
