import Foundation
import Inference
import JSON
import Media
import NIOHTTP1
import Prompting
import Testing

@testable import Server

struct FeatureTests {
    static let tools: JSONValue = [
        [
            "type": "function",
            "function": [
                "name": "weather", "description": "Tells the weather.",
                "parameters": ["type": "object", "properties": ["city": ["type": "string"]], "required": ["city"]],
            ],
        ]
    ]
    static let call = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Bonn\"}}\n</tool_call>"

    @Test func `tool calls come parsed, whole and streamed`() async throws {
        try await TestServer.with("Let me see.\n" + Self.call + "\n" + Self.call, maxModelLength: 4096) { server in
            let whole = try await server.chat("Weather?", [JSONMember("tools", Self.tools)])
            let message = whole.json.firstChoice["message"]
            #expect(message?["content"] == "Let me see.")
            let calls = try #require(message?["tool_calls"]?.arrayValue)
            #expect(calls.count == 2)
            #expect(calls[0]["function"] == ["name": "weather", "arguments": "{\"city\": \"Bonn\"}"])
            #expect(calls[0]["id"]?.stringValue?.hasPrefix("call_") == true)
            #expect(whole.json.firstChoice["finish_reason"] == "tool_calls")
            let prompt = try #require(server.engine.requests.first?.prompt.tokenIDs)
            #expect(server.encoder.tokenizer.decode(prompt).contains("# Tools"))

            let stream = try await server.chat(
                "Weather?", [JSONMember("tools", Self.tools), JSONMember("stream", true)])
            let deltas = stream.events.compactMap { $0.delta["tool_calls"]?.arrayValue }.flatMap { $0 }
            #expect(deltas.map { $0["index"]?.intValue } == [0, 1])
            #expect(deltas.map { $0["function"] } == calls.map { $0["function"] })
            #expect(stream.events.compactMap { $0.delta["content"]?.stringValue }.joined() == "Let me see.")
            #expect(stream.events.last?.firstChoice["finish_reason"] == "tool_calls")

            let one = try await server.chat(
                "Weather?", [JSONMember("tools", Self.tools), JSONMember("parallel_tool_calls", false)])
            #expect(one.json.firstChoice["message"]?["tool_calls"]?.arrayValue?.count == 1)
            let none = try await server.chat(
                "Weather?", [JSONMember("tools", Self.tools), JSONMember("tool_choice", "none")])
            #expect(none.json.content?.contains("<tool_call>") == true)
            #expect(none.json.firstChoice["message"]?["tool_calls"] == nil)
        }
    }

    @Test func `a required or named tool is called whatever the model would say`() async throws {
        try await TestServer.with("I would rather talk.", maxModelLength: 4096) { server in
            let tools: JSONValue = [
                [
                    "type": "function",
                    "function": [
                        "name": "weather",
                        "parameters": [
                            "type": "object", "properties": ["city": ["enum": ["Bonn", "Rom"]]], "required": ["city"],
                        ],
                    ],
                ]
            ]
            for choice in ["required", ["type": "function", "function": ["name": "weather"]]] as [JSONValue] {
                let reply = try await server.chat(
                    "Hi", [JSONMember("tools", tools), JSONMember("tool_choice", choice)])
                let call = reply.json.firstChoice["message"]?["tool_calls"]?.arrayValue?.first?["function"]
                #expect(call?["name"] == "weather")
                let arguments = try JSONValue(parsing: call?["arguments"]?.stringValue ?? "")
                #expect(arguments["city"]?.stringValue != nil)
            }
        }
    }

    @Test func `answers of tools and earlier calls go into the prompt as the template writes them`() async throws {
        try await TestServer.with(maxModelLength: 4096) { server in
            let reply = try await server.post(
                "/v1/chat/completions",
                [
                    "model": "tiny", "tools": Self.tools,
                    "messages": [
                        ["role": "system", "content": [["type": "text", "text": "Be kind."]]],
                        ["role": "user", "content": "Weather?"],
                        [
                            "role": "assistant", "content": .null,
                            "tool_calls": [
                                [
                                    "id": "1", "type": "function",
                                    "function": ["name": "weather", "arguments": "{\"city\": \"Bonn\"}"],
                                ]
                            ],
                        ],
                        ["role": "tool", "tool_call_id": "1", "content": "sunny"], ["role": "tool", "content": "warm"],
                        ["role": "assistant", "content": "Sunny."], ["role": "user", "content": "a"],
                        ["role": "user", "content": "b"],
                    ],
                ])
            #expect(reply.status == 200)
            let text = server.encoder.tokenizer.decode(try #require(server.engine.requests.first?.prompt.tokenIDs))
            #expect(text.contains("<|im_start|>system\nBe kind."))
            #expect(text.contains("<|im_start|>assistant\n" + Self.call + "<|im_end|>"))
            #expect(text.contains("<tool_response>\nsunny\n</tool_response>\n<tool_response>\nwarm\n</tool_response>"))
            #expect(text.hasSuffix("<|im_start|>user\na\n\nb<|im_end|>\n<|im_start|>assistant\n"))
        }
    }

    @Test func `a thought is told apart from the answer`() async throws {
        try await TestServer.with("<think>\nHm, so.\n</think>\n\nYes.", template: "qwen3") { server in
            let whole = try await server.chat()
            #expect(whole.json.content == "Yes.")
            #expect(whole.json.firstChoice["message"]?["reasoning_content"] == "Hm, so.")
            let stream = try await server.chat("Hi", [JSONMember("stream", true)])
            #expect(stream.events.compactMap { $0.delta["reasoning_content"]?.stringValue }.joined() == "Hm, so.")
            #expect(stream.events.compactMap { $0.delta["content"]?.stringValue }.joined() == "Yes.")
            _ = try await server.chat("Hi", [JSONMember("chat_template_kwargs", ["enable_thinking": false])])
            let prompts = server.engine.requests.map { server.encoder.tokenizer.decode($0.prompt.tokenIDs) }
            #expect(!prompts[0].hasSuffix("</think>\n\n"))
            #expect(prompts[2].hasSuffix("<think>\n\n</think>\n\n"))
        }
    }

    @Test func `an answer follows a schema, a pattern or a choice`() async throws {
        try await TestServer.with("nonsense", maxModelLength: 4096) { server in
            let schema: JSONValue = ["type": "object", "properties": ["a": ["type": "boolean"]], "required": ["a"]]
            let forms: [JSONMember] = [
                JSONMember(
                    "response_format", ["type": "json_schema", "json_schema": ["name": "x", "schema": schema]]),
                JSONMember("guided_json", schema), JSONMember("guided_json", .string(schema.text())),
                JSONMember("structured_outputs", ["json": schema]),
            ]
            for form in forms {
                let reply = try await server.chat("Hi", [form])
                let value = try JSONValue(parsing: reply.json.content ?? "")
                #expect(value["a"]?.boolValue != nil, "\(form)")
            }
            let pattern = try await server.chat("Hi", [JSONMember("guided_regex", "[0-9]{3}")])
            #expect(pattern.json.content?.count == 3)
            let choice = try await server.chat("Hi", [JSONMember("guided_choice", ["red", "green"])])
            #expect(["red", "green"].contains(choice.json.content))
            let both = try await server.chat(
                "Hi", [JSONMember("guided_regex", "a"), JSONMember("guided_choice", ["b"])])
            #expect(both.status == 400)
        }
        try await TestServer.with("{\"a\": [1]}") { server in
            let object = try await server.chat("Hi", [JSONMember("response_format", ["type": "json_object"])])
            #expect(object.json.content == "{\"a\": [1]}")
        }
    }

    @Test func `plain completions take texts and tokens, echo, and report log-probabilities`() async throws {
        try await TestServer.with(" world") { server in
            let tokenizer = server.encoder.tokenizer
            let whole = try await server.post(
                "/v1/completions", ["model": "tiny", "prompt": "Hello", "echo": true, "logprobs": 1, "max_tokens": 16])
            #expect(whole.json.firstChoice["text"] == "Hello world")
            let logprobs = try #require(whole.json.firstChoice["logprobs"])
            #expect(logprobs["tokens"]?.arrayValue?.compactMap(\.stringValue).joined() == "Hello world")
            #expect(logprobs["token_logprobs"]?.arrayValue?.first == .null)
            #expect(logprobs["text_offset"]?.arrayValue?.first == 0)
            let stream = try await server.post(
                "/v1/completions",
                [
                    "prompt": "Hello", "echo": true, "stream": true,
                    "stream_options": ["include_usage": true, "continuous_usage_stats": true],
                ])
            #expect(stream.events.compactMap { $0.firstChoice["text"]?.stringValue }.joined() == "Hello world")
            #expect(stream.events.allSatisfy { $0["usage"]?["prompt_tokens"]?.intValue != nil })
            let ids = tokenizer.encode("Hello").map { JSONValue.int(Int($0)) }
            let many = try await server.post("/v1/completions", ["prompt": [.array(ids), .array(ids)], "n": 2])
            #expect(many.json["choices"]?.arrayValue?.map { $0["text"] } == Array(repeating: " world", count: 4))
            for prompt in ["", [], [[]], ["a", 5], 5, [-1], [1_000_000]] as [JSONValue] {
                let reply = try await server.post("/v1/completions", ["prompt": prompt])
                #expect(reply.status == 400, "\(prompt.text())")
            }
        }
    }

    @Test func `texts become tokens and back, and vectors`() async throws {
        try await TestServer.with { server in
            let text = "Grüße <|im_end|> 世界"
            let tokens = try await server.post("/tokenize", ["model": "tiny", "prompt": .string(text)])
            #expect(tokens.json["count"]?.intValue == tokens.json["tokens"]?.arrayValue?.count)
            let back = try await server.post("/detokenize", ["tokens": tokens.json["tokens"] ?? []])
            #expect(back.json["prompt"]?.stringValue == text)
            let chat = try await server.post("/tokenize", ["messages": [["role": "user", "content": "Hi"]]])
            _ = try await server.chat("Hi")
            #expect(chat.json["tokens"]?.arrayValue?.count == server.engine.requests.last?.prompt.tokenIDs.count)
            let vectors = try await server.post("/v1/embeddings", ["input": ["a", "Hello there"]])
            #expect(vectors.json["data"]?.arrayValue?.count == 2)
            #expect(vectors.json["data"]?.arrayValue?.first?["embedding"]?.arrayValue?.count == 3)
            let coded = try await server.post("/v1/embeddings", ["input": "a", "encoding_format": "base64"])
            let text64 = coded.json["data"]?.arrayValue?.first?["embedding"]?.stringValue ?? ""
            #expect(Data(base64Encoded: text64)?.count == 12)
        }
    }

    @Test func `adapters are listed, chosen by name, loaded and unloaded`() async throws {
        let folder = "\(Fixture.tests)/TrainingTests/Fixtures/adapters"
        let adapter = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).sorted().first)
        try await TestServer.with(settings: { $0.loadsAdapters = true }) { server in
            let loaded = try await server.post(
                "/v1/load_lora_adapter", ["lora_name": "mine", "lora_path": .string("\(folder)/\(adapter)")])
            #expect(loaded.status == 200)
            let models = try await server.send(.GET, "/v1/models")
            #expect(models.json["data"]?.arrayValue?.map { $0["id"] } == ["tiny", "mine"])
            #expect(models.json["data"]?.arrayValue?.last?["parent"] == "tiny")
            #expect(models.json["data"]?.arrayValue?.last?["root"] == .string("\(folder)/\(adapter)"))
            let mine = try await server.send(.GET, "/v1/models/mine")
            #expect(mine.json == models.json["data"]?.arrayValue?.last)
            #expect(try await server.send(.GET, "/v1/models/a%2Fb").json["error"]?["code"] == "model_not_found")
            let reply = try await server.post(
                "/v1/chat/completions", ["model": "mine", "messages": [["role": "user", "content": "Hi"]]])
            #expect(reply.json["model"] == "mine")
            #expect(server.engine.requests.last?.adapter == "mine")
            let again = try await server.post("/v1/load_lora_adapter", ["lora_name": "mine", "lora_path": "x"])
            #expect(again.status == 400)
            #expect(
                try await server.post("/v1/load_lora_adapter", ["lora_name": "b", "lora_path": "/nowhere"]).status
                    == 400)
            #expect(try await server.post("/v1/unload_lora_adapter", ["lora_name": "mine"]).status == 200)
            #expect(try await server.post("/v1/unload_lora_adapter", ["lora_name": "mine"]).status == 404)
        }
    }

    @Test func `fields that do nothing are named in a header`() async throws {
        try await TestServer.with { server in
            let reply = try await server.chat(
                "Hi", [JSONMember("temprature", 0.5), JSONMember("user", "me"), JSONMember("a\r\nb", 1)])
            #expect(reply.status == 200)
            #expect(reply.headers.first(name: "x-ignored-fields") == "temprature, user")
            #expect(try await server.chat().headers.first(name: "x-ignored-fields") == nil)
        }
    }

    @Test func `a request may bring its own id`() async throws {
        try await TestServer.with { server in
            let body = TestServer.chatBody("Hi", [JSONMember("request_id", "field")]).text()
            let reply = try await server.send(.POST, "/v1/chat/completions", body)
            #expect(reply.json["id"] == "chatcmpl-field")
            #expect(reply.headers.first(name: "x-ignored-fields") == nil)
            let named = try await server.send(
                .POST, "/v1/chat/completions", body, headers: [("X-Request-Id", "header")])
            #expect(named.json["id"] == "chatcmpl-header")
            #expect(named.headers.first(name: "x-request-id") == "header")
            let failed = try await server.send(.GET, "/nowhere", headers: [("X-Request-Id", "a b")])
            #expect(failed.headers.first(name: "x-request-id") == nil)
            #expect(try await server.chat("Hi", [JSONMember("request_id", "a\n")]).status == 400)
        }
    }

    @Test func `metrics have vLLM's names`() async throws {
        try await TestServer.with { server in
            _ = try await server.chat()
            let page = try await server.send(.GET, "/metrics").text
            for name in [
                "vllm:num_requests_running{model_name=\"tiny\"}",
                "vllm:request_success_total{model_name=\"tiny\",finished_reason=\"stop\"} 1",
                "vllm:time_to_first_token_seconds_count{model_name=\"tiny\"} 1",
                "vllm:e2e_request_latency_seconds_bucket{model_name=\"tiny\",le=\"+Inf\"} 1",
            ] { #expect(page.contains(name), "\(name)") }
        }
    }
}
