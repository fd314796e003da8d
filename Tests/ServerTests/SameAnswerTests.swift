import Foundation
import Inference
import JSON
import Media
import Prompting
import RunConfig
import Testing

@testable import Server

/// The API gives the prompts and the words that chat and prediction give.
struct SameAnswerTests {
    /// Asks one question through the API, whole and streamed, and through a session with settings of its own.
    private func check(
        _ model: (name: String, template: String), _ body: JSONValue, _ conversation: Conversation,
        settings: [String] = [], source: SourceLocation = #_sourceLocation
    ) async throws {
        let arguments = ["\(Fixture.tests)/ModelsTests/Fixtures/\(model.name)", "template=\(model.template)"]
        func inference(_ more: [String]) throws -> InferenceSettings {
            try InferenceSettings(RunConfig.load(modelArguments: arguments + more, purpose: .inference))
        }
        let session = try InferenceSession(inference(settings))
        let expected = try session.reply(to: conversation, sampling: .greedy(maxNewTokens: 12)).text
        let ids = try session.prompt(conversation).prompt.tokenIDs
        #expect(!expected.isEmpty, sourceLocation: source)
        try await TestServer.with(engine: session.engine, encoder: PromptEncoder(inference([]))) { server in
            let counted = try await server.post("/tokenize", body)
            #expect(counted.json["tokens"] == .array(ids.map { .int(Int($0)) }), sourceLocation: source)
            for streams in [false, true] {
                let reply = try await server.post(
                    "/v1/chat/completions",
                    body.adding([
                        JSONMember("stream", .bool(streams)), JSONMember("temperature", 0),
                        JSONMember("max_tokens", 12),
                    ]))
                // The thought stands before the answer, as the model writes it.
                let pieces = streams ? reply.events.map(\.delta) : [reply.json.firstChoice["message"] ?? .null]
                let made = ["reasoning", "content"].map { key in
                    pieces.compactMap { $0[key]?.stringValue }.joined()
                }
                #expect(made.joined() == expected, sourceLocation: source)
            }
        }
    }

    @Test(arguments: [("qwen2", "qwen"), ("llama3", "llama3"), ("qwen1.5", "qwen")])
    func `texts`(_ model: (name: String, template: String)) async throws {
        try await check(
            model,
            ["messages": [["role": "system", "content": "Be brief."], ["role": "user", "content": "Hello, 世界!"]]],
            Conversation(system: "Be brief.", messages: [Message(.user, "Hello, 世界!")]))
    }

    @Test func `pictures`() async throws {
        let url = try MediaTests.png(112, 84)
        let data = try #require(Data(base64Encoded: String(url.dropFirst(22))))
        try await check(
            ("qwen2.5-vl", "qwen2_vl"),
            [
                "messages": [
                    [
                        "role": "user",
                        "content": [MediaTests.text("See "), MediaTests.image(url), MediaTests.text("?")],
                    ]
                ]
            ], Conversation(messages: [Message(.user, "See <image>?")], images: [.bytes(data)]))
    }

    @Test(arguments: ["qwen3", "deepseekr1"], [true, false])
    func `thoughts`(_ template: String, _ thinks: Bool) async throws {
        try await check(
            ("qwen2", template),
            [
                "chat_template_kwargs": ["enable_thinking": .bool(thinks)],
                "messages": [
                    ["role": "user", "content": "1+1?"],
                    ["role": "assistant", "content": "2", "reasoning_content": "One and one."],
                    ["role": "user", "content": "真的?"],
                ],
            ],
            Conversation(messages: [
                Message(.user, "1+1?"), Message(.assistant, "<think>\nOne and one.\n</think>\n\n2"),
                Message(.user, "真的?"),
            ]), settings: ["enable_thinking=\(thinks)"])
    }

    @Test(arguments: [("qwen2", "qwen"), ("llama3", "llama3"), ("qwen2", "qwen3")])
    func `tools, calls and results`(_ model: (name: String, template: String)) async throws {
        let parameters: JSONValue = ["type": "object", "properties": ["city": ["type": "string"]]]
        let tool: JSONValue = ["name": "weather", "description": "天气", "parameters": parameters]
        let call = #"{"name": "weather", "arguments": {"city": "北京"}}"#
        try await check(
            model,
            [
                "tools": [["type": "function", "function": tool]],
                "messages": [
                    ["role": "system", "content": "Be brief."], ["role": "user", "content": "Weather?"],
                    [
                        "role": "assistant", "content": .null,
                        "tool_calls": [
                            [
                                "id": "a", "type": "function",
                                "function": ["name": "weather", "arguments": #"{"city": "北京"}"#],
                            ]
                        ],
                    ],
                    ["role": "tool", "tool_call_id": "a", "content": #"{"sky": "blue"}"#],
                ],
            ],
            Conversation(
                system: "Be brief.", tools: JSONValue.array([tool]).text(),
                messages: [
                    Message(.user, "Weather?"), Message(.function, call), Message(.observation, #"{"sky": "blue"}"#),
                ]))
    }
}
