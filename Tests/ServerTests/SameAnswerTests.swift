import Foundation
import Inference
import JSON
import Media
import Prompting
import RunConfig
import Testing

@testable import Server

/// The API gives the words that chat and prediction give.
struct SameAnswerTests {
    private func answers(
        _ name: String, _ template: String, _ body: JSONValue, _ conversation: Conversation
    ) async throws -> (api: [String], session: String) {
        let config = try RunConfig.load(
            modelArguments: ["\(Fixture.tests)/ModelsTests/Fixtures/\(name)", "template=\(template)"],
            purpose: .inference)
        let settings = try InferenceSettings(config)
        let session = try InferenceSession(settings)
        let expected = try session.reply(to: conversation, sampling: .greedy(maxNewTokens: 12)).text
        let engine = session.engine
        let encoder = try PromptEncoder(settings)
        var found: [String] = []
        try await TestServer.with(engine: engine, encoder: encoder) { server in
            for streams in [false, true] {
                let reply = try await server.post(
                    "/v1/chat/completions",
                    body.adding([
                        JSONMember("stream", .bool(streams)), JSONMember("temperature", 0),
                        JSONMember("max_tokens", 12),
                    ]))
                found.append(
                    streams
                        ? reply.events.compactMap { $0.delta["content"]?.stringValue }.joined()
                        : reply.json.content ?? reply.text)
            }
        }
        return (found, expected)
    }

    @Test(arguments: [("qwen2", "qwen"), ("llama3", "llama3"), ("qwen1.5", "qwen")])
    func `texts`(_ model: (name: String, template: String)) async throws {
        let body: JSONValue = [
            "messages": [["role": "system", "content": "Be brief."], ["role": "user", "content": "Hello, 世界!"]]
        ]
        let conversation = Conversation(system: "Be brief.", messages: [Message(.user, "Hello, 世界!")])
        let answers = try await answers(model.name, model.template, body, conversation)
        #expect(answers.api == [answers.session, answers.session])
        #expect(!answers.session.isEmpty)
    }

    @Test func `pictures`() async throws {
        let url = try MediaTests.png(112, 84)
        let data = try #require(Data(base64Encoded: String(url.dropFirst(22))))
        let body: JSONValue = [
            "messages": [
                ["role": "user", "content": [MediaTests.text("See "), MediaTests.image(url), MediaTests.text("?")]]
            ]
        ]
        let conversation = Conversation(messages: [Message(.user, "See <image>?")], images: [.bytes(data)])
        let answers = try await answers("qwen2.5-vl", "qwen2_vl", body, conversation)
        #expect(answers.api == [answers.session, answers.session])
    }
}
