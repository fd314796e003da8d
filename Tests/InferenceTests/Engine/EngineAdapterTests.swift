import Foundation
import Models
import Testing
import Torch

@testable import Inference

struct EngineAdapterTests {
    /// The fixture's adapter with another strength.
    private func withStrongAdapter(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "anneal-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: Fixture.adapter("llama3"), toPath: folder)
        let path = "\(folder)/adapter_config.json"
        var config = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
        config["lora_alpha"] = -3 * (try #require(config["lora_alpha"] as? Double))
        try FileManager.default.removeItem(atPath: path)
        try JSONSerialization.data(withJSONObject: config).write(to: URL(fileURLWithPath: path))
        try await body(folder)
    }

    @Test("Adapters side by side in one batch answer as each does alone, loaded and unloaded at run time")
    func sideBySide() async throws {
        try await withStrongAdapter { strong in
            let engine = try await EngineFixture("llama3", .unbounded).engine
            let (prompt, plain) = try Fixture.golden("llama3", case: "short")
            let golden: [String: [Int32]] = try Fixture.json("adapters")
            try await engine.loadAdapter(named: "a", folder: Fixture.adapter("llama3"))
            try await engine.loadAdapter(named: "b", folder: strong)
            #expect(engine.adapterNames == ["a", "b"])
            // Each alone, in an engine that knows nothing else.
            let other = try await EngineFixture("llama3", .unbounded).engine
            try await other.loadAdapter(named: "b", folder: strong)
            let ofStrong = try await other.answer(.greedy(prompt.tokenIDs, 12, adapter: "b")).ids
            #expect(ofStrong != golden["llama3"])
            // Long prompts go another way through the projections than short ones.
            let long = (0..<70).map { Int32(($0 * 31) % 380) }
            let names: [String?] = ["b", nil, "a", "b", "a", nil]
            let requests = names.flatMap { name in
                [prompt.tokenIDs, long].map { GenerationRequest.greedy($0, 12, adapter: name) }
            }
            let together = try await engine.answers(requests)
            for (index, name) in names.enumerated() {
                let expected = name == nil ? plain : name == "a" ? golden["llama3"] : ofStrong
                #expect(together[2 * index].ids == expected)
                let alone = try await engine.answer(requests[2 * index + 1])
                #expect(together[2 * index + 1].ids == alone.ids)
            }
            try await engine.unloadAdapter(named: "a")
            #expect(engine.adapterNames == ["b"])
            await #expect(throws: InferenceError("there is no adapter a; loaded are: b")) {
                try await engine.answer(.greedy([1], 1, adapter: "a"))
            }
            await #expect(throws: InferenceError("there is no adapter a")) {
                try await engine.unloadAdapter(named: "a")
            }
            #expect(try await engine.answer(.greedy(prompt.tokenIDs, 12, adapter: "b")).ids == ofStrong)
            // The name is free for another one, whose answers do not come from the old one's cache.
            try await engine.loadAdapter(named: "a", folder: strong)
            #expect(try await engine.answer(.greedy(prompt.tokenIDs, 12, adapter: "a")).ids == ofStrong)
            #expect(try await engine.answer(.greedy(prompt.tokenIDs, 12)).ids == plain)
            let embedded = try await engine.embed([prompt], adapter: "a"),
                bare = try await engine.embed([prompt], adapter: nil)
            #expect(embedded != bare)
        }
    }

    @Test("An adapter that does not fit is refused and leaves the others as they were")
    func refusals() async throws {
        let engine = try await EngineFixture("llama3", .unbounded).engine
        let (prompt, plain) = try Fixture.golden("llama3", case: "short")
        let golden: [String: [Int32]] = try Fixture.json("adapters")
        try await engine.loadAdapter(named: "a", folder: Fixture.adapter("llama3"))
        func message(_ name: String, _ folder: String) async -> String {
            do {
                try await engine.loadAdapter(named: name, folder: folder)
                return "loaded"
            } catch { return "\(error)" }
        }
        #expect(await message("b", Fixture.adapter("qwen2")).contains("the adapter was made for another base"))
        #expect(await message("b", Fixture.adapter("qwen2.5-vl")).contains("made for another base"))
        #expect(await message("b", "/nowhere").contains("has no adapter_config.json"))
        #expect(await message("a", Fixture.adapter("llama3")).hasPrefix("an adapter named a is loaded already"))
        #expect(engine.adapterNames == ["a"])
        #expect(try await engine.answer(.greedy(prompt.tokenIDs, 12, adapter: "a")).ids == golden["llama3"])
        #expect(try await engine.answer(.greedy(prompt.tokenIDs, 12)).ids == plain)
    }

    @Test("An adapter is taken away when its running answers are done")
    func unloadWhileRunning() async throws {
        let engine = try await EngineFixture("llama3", .unbounded).engine
        try await engine.loadAdapter(named: "a", folder: Fixture.adapter("llama3"))
        let request = GenerationRequest.greedy([1, 2, 3], 300, adapter: "a")
        let expected = try await engine.answer(request).ids
        #expect(try await engine.becomes { $0.numRunning == 0 })
        let running = Task { try await engine.answer(request).ids }
        #expect(try await engine.becomes { $0.numRunning == 1 })
        try await engine.unloadAdapter(named: "a")
        #expect(try await running.value == expected)
    }
}
