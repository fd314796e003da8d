import Foundation
import Inference
import JSON
import NIOHTTP1
import RunConfig
import Testing

@testable import Server

/// LLaMA-Factory's route for reward models.
struct ScoreTests {
    private func with(_ body: (TestServer, RewardModel) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "anneal-\(UUID().uuidString)", files = FileManager.default
        defer { try? files.removeItem(atPath: folder) }
        let fixtures = "\(Fixture.tests)/TrainingTests/Fixtures"
        try files.copyItem(atPath: "\(fixtures)/adapters/qwen2", toPath: folder)
        try files.copyItem(
            atPath: "\(fixtures)/preference/heads/qwen2/value_head.safetensors",
            toPath: "\(folder)/value_head.safetensors")
        let config = try RunConfig.load(
            modelArguments: [
                "\(Fixture.tests)/ModelsTests/Fixtures/qwen2", "adapter_name_or_path=\(folder)", "template=qwen",
                "infer_dtype=float32", "stage=rm",
            ], purpose: .inference)
        let model = try RewardModel(InferenceSettings(config))
        try await TestServer.with(engine: model, encoder: model.encoder) { try await body($0, model) }
    }

    @Test func `texts get the model's scores`() async throws {
        try await with { server, model in
            let texts = ["How many cubes?", "Nine.", "你好"]
            let reply = try await server.post(
                "/v1/score/evaluation", ["model": "tiny", "messages": .array(texts.map { .string($0) })])
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.json["object"] == "score.evaluation")
            let expected = try model.score(texts: texts)
            let scores = reply.json["scores"]?.arrayValue?.compactMap(\.number) ?? []
            #expect(scores == expected)
            let short = try await server.post(
                "/v1/score/evaluation", ["model": "tiny", "messages": [.string(texts[0])], "max_length": 2])
            let begun = try model.score(texts: [texts[0]], maxLength: 2)
            #expect(short.json["scores"]?.arrayValue?.compactMap(\.number) == begun)
        }
    }

    @Test func `bad requests are refused, and nothing can be written`() async throws {
        try await with { server, _ in
            let score = "/v1/score/evaluation"
            for body: JSONValue in [[:], ["messages": []], ["messages": [""]], ["messages": [5]], ["messages": "x"]] {
                let reply = try await server.post(score, body)
                #expect(reply.status == 400)
            }
            let chat = try await server.chat("Hi"), text = try await server.post("/v1/completions", ["prompt": "x"])
            let vector = try await server.post("/v1/embeddings", ["input": "x"])
            #expect([chat, text, vector].map(\.status) == [405, 405, 405])
            let ids = try await server.post("/tokenize", ["prompt": "x"]),
                models = try await server.send(.GET, "/v1/models")
            #expect([ids, models].map(\.status) == [200, 200])
        }
    }
}
