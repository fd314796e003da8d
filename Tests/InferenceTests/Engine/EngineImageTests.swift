import Models
import Testing
import Torch

@testable import Inference

struct EngineImageTests {
    @Test("The prefix of an image prompt is found again for the same image only")
    func prefix() async throws {
        let (image, golden) = try Fixture.golden("qwen2.5-vl", case: "image")
        var other = image
        other.images.patches[other.images.patches.count - 1] += 0.5
        let vision = try #require(try ModelConfig(folder: Fixture.model("qwen2.5-vl")).vision)
        let mark = try #require(image.tokenIDs.firstIndex { Int($0) == vision.imageTokenID })
        func request(_ prompt: Prompt) -> GenerationRequest {
            GenerationRequest(prompt: prompt, sampling: .greedy(maxNewTokens: 12), stopIDs: [], numLogprobs: 0)
        }
        let engine = try await EngineFixture("qwen2.5-vl", .unbounded).engine
        let first = try await engine.answer(request(image)), again = try await engine.answer(request(image))
        #expect(first.ids == golden)
        #expect(first.numCached == 0)
        #expect(again.ids == golden)
        #expect(again.numCached == image.tokenIDs.count - 1)
        let changed = try await engine.answer(request(other))
        #expect(try #require(changed.numCached) <= mark)
        let fresh = try await EngineFixture("qwen2.5-vl", .unbounded).engine
        let alone = try await fresh.answer(request(other))
        #expect(changed.ids == alone.ids)
        for (a, b) in zip(changed.tokens, alone.tokens) { #expect(abs(a.logprob - b.logprob) < 1e-4) }
        // Read in small parts the image gives the same answer.
        var options = EngineOptions.unbounded
        options.tokensPerStep = 5
        #expect(try await EngineFixture("qwen2.5-vl", options).engine.answer(request(image)).ids == golden)
    }

    @Test("Text after a cached image stands at the positions it has when everything is computed")
    func positions() async throws {
        let (image, _) = try Fixture.golden("qwen2.5-vl", case: "image")
        let vision = try #require(try ModelConfig(folder: Fixture.model("qwen2.5-vl")).vision)
        func request(_ tail: [Int32]) throws -> GenerationRequest {
            let prompt = try Prompt(
                tokenIDs: image.tokenIDs + tail, images: image.images, videos: image.videos, secondsPerGrid: [],
                config: vision)
            return GenerationRequest(
                prompt: prompt, sampling: .greedy(maxNewTokens: 12), stopIDs: [], numLogprobs: 0)
        }
        let engine = try await EngineFixture("qwen2.5-vl", .unbounded).engine
        _ = try await engine.answer(try request([]))
        for tail: [Int32] in [[7], [9, 11, 13], (0..<40).map { 20 + $0 }] {
            let made = try await engine.answer(try request(tail))
            #expect(try #require(made.numCached) >= image.tokenIDs.count / 16 * 16)
            let fresh = try await EngineFixture("qwen2.5-vl", .unbounded).engine
            let alone = try await fresh.answer(try request(tail))
            #expect(alone.numCached == 0)
            #expect(made.ids == alone.ids)
            for (a, b) in zip(made.tokens, alone.tokens) { #expect(abs(a.logprob - b.logprob) < 1e-4) }
        }
    }

    @Test("A request whose images cannot be read fails alone; its neighbours and later requests are answered")
    func recovery() async throws {
        let (image, golden) = try Fixture.golden("qwen2.5-vl", case: "image")
        var broken = image
        broken.images.patches.removeLast(5)
        let engine = try await EngineFixture("qwen2.5-vl", .unbounded).engine
        func request(_ prompt: Prompt) -> GenerationRequest {
            GenerationRequest(prompt: prompt, sampling: .greedy(maxNewTokens: 12), stopIDs: [])
        }
        for _ in 0..<3 {
            async let first = engine.answer(request(image)), second = engine.answer(request(image))
            await #expect(throws: InferenceError("the pixels of the images do not fill their grids")) {
                try await engine.answer(request(broken))
            }
            #expect(try await [first.ids, second.ids] == [golden, golden])
        }
        #expect(try await engine.becomes { $0.numRunning == 0 && $0.numWaiting == 0 && $0.cacheUsage == 0 })
    }
}
