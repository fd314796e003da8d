import Foundation
import Inference
import JSON
import NIOHTTP1
import Prompting
import RunConfig
import Testing

@testable import Server

/// Why answers end, and what happens where memory ends.
struct EndTests {
    @Test(arguments: [false, true])
    func `a token of stop_token_ids is named, also with ignore_eos`(_ ignoresEOS: Bool) async throws {
        try await TestServer.with("Hello there") { server in
            let ids = server.encoder.tokenizer.encode("Hello there")
            let last = try #require(ids.last)
            let fields = [
                JSONMember("stop_token_ids", [.int(Int(last))]), JSONMember("ignore_eos", .bool(ignoresEOS)),
            ]
            let whole = try await server.chat("Hi", fields)
            let head = server.encoder.tokenizer.decode(Array(ids.prefix { $0 != last }))
            #expect(whole.json.content == head)
            #expect(whole.json.firstChoice["finish_reason"] == "stop")
            #expect(whole.json.firstChoice["stop_reason"]?.intValue == Int(last))
            let streamed = try await server.chat("Hi", fields + [JSONMember("stream", true)])
            #expect(streamed.events.last?.firstChoice["stop_reason"]?.intValue == Int(last))
            let request = try #require(server.engine.requests.first)
            #expect(request.stopIDs == (ignoresEOS ? [last] : server.encoder.stopIDs.union([last])))
            #expect(!request.sampling.ignoresStopIDs)
        }
    }

    @Test func `the model's own end has no stop_reason`() async throws {
        try await TestServer.with("Hello") { server in
            let reply = try await server.chat("Hi", [JSONMember("stop_token_ids", [3])])
            #expect(reply.json.firstChoice["finish_reason"] == "stop")
            #expect(reply.json.firstChoice["stop_reason"] == .null)
        }
    }

    @Test func `requests that together exceed the key-value memory wait, one that alone exceeds it is refused`()
        async throws
    {
        let config = try RunConfig.load(
            modelArguments: ["\(Fixture.tests)/ModelsTests/Fixtures/qwen2", "template=qwen", "infer_dtype=float32"],
            purpose: .inference)
        var options = EngineOptions()
        options.length = .memory
        // Eight blocks of the tiny model.
        options.cacheBytes = 8 * 8192
        let session = try InferenceSession(InferenceSettings(config), options: options)
        let limit = session.engine.maxModelLength
        #expect(limit == 128)
        try await TestServer.with(engine: session.engine, encoder: session.encoder) { server in
            let fields = [JSONMember("temperature", 0), JSONMember("max_tokens", 12)]
            let alone = try await server.chat("Hi", fields)
            #expect(alone.status == 200, "\(alone.text)")
            try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<12 { group.addTask { try await server.chat("Hi", fields).json.content } }
                for try await text in group { #expect(text == alone.json.content) }
            }
            let large = try await server.chat(String(repeating: "word ", count: limit), fields)
            #expect(large.status == 400)
            #expect(large.json["error"]?["code"] == "context_length_exceeded")
            let long = try await server.chat("Hi", [JSONMember("max_tokens", .int(limit))])
            #expect(long.status == 400)
            #expect(try await server.send(.GET, "/health").status == 200)
        }
    }
}
