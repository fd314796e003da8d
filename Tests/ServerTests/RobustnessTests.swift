import Foundation
import Inference
import JSON
import NIOHTTP1
import Prompting
import Testing

@testable import Server

struct RobustnessTests {
    /// The status of a raw request and whether the server is well afterwards.
    private func status(_ server: TestServer, _ body: String) async throws -> Int {
        let reply = try await server.send(.POST, "/v1/chat/completions", body)
        #expect(
            reply.json["error"]?["message"]?.stringValue?.isEmpty == false,
            "no error JSON for \(body.prefix(80)): \(reply.text.prefix(80))")
        return reply.status
    }

    @Test func `who asks whether to send a body hears it at once, after the key is checked`() async throws {
        try await TestServer.with(settings: { $0.apiKey = "secret" }) { server in
            let body = TestServer.chatBody("Hi").text()
            func asked(key: String) async throws -> (connection: RawConnection, line: String) {
                let connection = try RawConnection(port: server.port)
                try connection.send(
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(key)\r\nExpect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                )
                return (connection, await connection.received(12))
            }
            let known = try await asked(key: "secret")
            #expect(known.line == "HTTP/1.1 100")
            try known.connection.send(body)
            #expect(await known.connection.received(200).contains("HTTP/1.1 200 OK"))
            #expect(try await asked(key: "other").line == "HTTP/1.1 401")
        }
    }

    @Test func `every wrong field gets status 400 and OpenAI's error, and the server stays well`() async throws {
        try await TestServer.with { server in
            var bodies = [
                "", "{", "[]", "null", "5", "{\"model\": 5}", #"{"messages": []}"#, #"{"messages": "x"}"#,
                #"{"messages": [5]}"#,
                #"{"messages": [{}]}"#, #"{"messages": [{"role": "user"}]}"#,
                #"{"messages": [{"role": "king", "content": "x"}]}"#,
                #"{"messages": [{"role": "assistant", "content": "x"}]}"#,
                #"{"messages": [{"role": "system", "content": "x"}]}"#,
                #"{"messages": [{"role": "user", "content": 5}]}"#,
                #"{"messages": [{"role": "user", "content": [{"type": "poem"}]}]}"#,
                #"{"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}]}"#,
                String(repeating: "[", count: 100_000), #"{"messages": NaN}"#, "{\"a\": \"\\ud800\"}", "\u{FEFF}{}",
            ]
            let message = #""messages": [{"role": "user", "content": "x"}]"#
            for field in [
                "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty",
                "n",
                "max_tokens", "max_completion_tokens", "min_tokens", "top_logprobs", "prompt_logprobs",
            ] {
                for value in [
                    "-5", "1e400", "123456789012345678901234567890", "\"1\"", "true", "[]", "{}", "NaN", "-Infinity",
                    "1e30",
                ] {
                    // These two are numbers of the allowed kind.
                    if field == "top_k", value == "-5" { continue }
                    bodies.append("{\(message), \"\(field)\": \(value)}")
                }
            }
            for (field, values) in [
                ("stream", ["1", "\"yes\""]), ("logprobs", ["5", "\"x\""]), ("seed", ["1.5", "\"a\"", "1e30"]),
                ("stop", ["5", "[5]", "\"\"", "{}"]), ("stop_token_ids", ["[-1]", "[1e9]", "\"x\"", "[\"a\"]"]),
                ("logit_bias", ["[]", "{\"x\": 1}", "{\"1\": 1000}", "{\"-1\": 1}", "{\"1\": \"a\"}"]),
                ("tools", ["5", "[5]", "[{}]"]),
                ("tool_choice", ["\"x\"", "\"required\"", "{\"type\": \"function\"}"]),
                ("response_format", ["5", "{}", "{\"type\": \"x\"}", "{\"type\": \"json_schema\"}"]),
                ("stream_options", ["{}", "5"]), ("guided_regex", ["\"(\"", "5"]),
                ("guided_json", ["\"{\"", "{\"type\": 5}"]),
                ("guided_choice", ["[]", "[5]", "\"a\""]), ("guided_grammar", ["\"root\""]),
                ("chat_template", ["\"{{x}}\""]),
                ("chat_template_kwargs", ["5", "{\"x\": 1}"]),
                ("mm_processor_kwargs", ["{\"min_pixels\": -1}", "{\"x\": 1}"]),
                ("use_beam_search", ["\"yes\"", "1"]), ("thinking_budget", ["-2", "NaN", "\"x\"", "1e30"]),
                ("thinking_token_budget", ["-2", "true"]), ("loop_guard", ["1"]),
                ("length_penalty", ["\"1\"", "1e9", "2"]),
                ("bad_words", ["5", "[\"\"]", "[5]"]), ("continue_final_message", ["true", "5"]),
                ("allowed_token_ids", ["[]", "[-1]"]),
                ("add_generation_prompt", ["false"]), ("ignore_eos", ["\"x\""]), ("skip_special_tokens", ["3"]),
            ] {
                for value in values { bodies.append("{\(message), \"\(field)\": \(value)}") }
            }
            for body in bodies {
                let status = try await status(server, body)
                #expect(status == 400, "\(body.prefix(120))")
            }
            #expect(bodies.count > 150)
            let well = try await server.chat()
            #expect(well.status == 200)
            #expect(server.engine.numRunning == 0)
        }
    }

    @Test func `unknown models, routes and methods say so`() async throws {
        try await TestServer.with { server in
            let model = try await server.post("/v1/chat/completions", ["model": "none", "messages": []])
            #expect(model.status == 404)
            #expect(model.json["error"]?["code"] == "model_not_found")
            #expect(try await server.send(.GET, "/v2/x").status == 404)
            let method = try await server.send(.DELETE, "/v1/models")
            #expect(method.status == 405)
            #expect(method.headers.first(name: "allow") == "GET")
            #expect(try await server.send(.GET, "/v1/chat/completions").status == 405)
            let score = try await server.post("/v1/score/evaluation", ["model": "tiny", "messages": ["a"]])
            #expect(score.status == 405)
            #expect(score.error.contains("reward model"))
            let adapter = try await server.post("/v1/load_lora_adapter", ["lora_name": "a", "lora_path": "/x"])
            #expect(adapter.status == 403)
        }
    }

    @Test func `the key is asked for before the body is read`() async throws {
        try await TestServer.with(settings: { $0.apiKey = "secret" }) { server in
            let huge = String(repeating: "x", count: 1 << 20)
            for headers in [
                [], [("Authorization", "Bearer wrong!")], [("Authorization", "secret")], [("Authorization", "Bearer ")],
                [("Authorization", "Bearer secrets")],
            ] {
                let reply = try await server.send(.POST, "/v1/chat/completions", huge, headers: headers)
                #expect(reply.status == 401)
                #expect(reply.json["error"]?["code"] == "invalid_api_key")
            }
            #expect(
                try await server.send(.GET, "/v1/models", headers: [("Authorization", "bearer secret")]).status == 200)
            #expect(try await server.send(.GET, "/metrics").status == 401)
            #expect(try await server.send(.GET, "/health").status == 200)
        }
    }

    @Test func `a body over the limit is refused`() async throws {
        try await TestServer.with(settings: { $0.maxBodyBytes = 10_000 }) { server in
            let body = TestServer.chatBody(String(repeating: "x", count: 20_000)).text()
            let reply = try await server.send(.POST, "/v1/chat/completions", body)
            #expect(reply.status == 413)
            #expect(try await server.chat().status == 200)
        }
    }

    @Test func `a client that hangs up ends its answer, streamed or not`() async throws {
        for streams in [true, false] {
            try await TestServer.with(String(repeating: "word ", count: 50), delay: 20) { server in
                let body = TestServer.chatBody(
                    "Hi", [JSONMember("stream", .bool(streams)), JSONMember("max_tokens", 60)]
                ).text()
                let socket = try RawConnection(port: server.port)
                try socket.send(
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                )
                while server.engine.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                try await Task.sleep(for: .milliseconds(100))
                socket.close()
                let start = ContinuousClock.now
                while server.engine.numRunning > 0, start.duration(to: .now) < .seconds(3) {
                    try await Task.sleep(for: .milliseconds(5))
                }
                #expect(server.engine.numRunning == 0)
                #expect(server.engine.numCancelled == 1)
                #expect(start.duration(to: .now) < .milliseconds(700))
            }
        }
    }

    @Test func `slow heads and bodies are cut off`() async throws {
        try await TestServer.with(settings: {
            $0.headSeconds = 0.3
            $0.bodySeconds = 0.3
        }) { server in
            for text in [
                "POST /v1/chat/completions HT",
                "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
            ] {
                let socket = try RawConnection(port: server.port)
                try socket.send(text)
                #expect(await socket.isClosed(within: 3))
            }
            #expect(try await server.chat().status == 200)
        }
    }

    @Test func `hostile heads get an answer or a closed connection`() async throws {
        try await TestServer.with { server in
            for text in [
                "GET / HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n",
                "GET /health HTTP/1.1\r\nX: \(String(repeating: "a", count: 100_000))\r\n\r\n",
                "GET /health HTTP/1.1\r\n" + (0..<2000).map { "X\($0): a\r\n" }.joined() + "\r\n",
                "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
            ] {
                let socket = try RawConnection(port: server.port)
                try? socket.send(text)
                #expect(await socket.isClosed(within: 3), "\(text.prefix(40))")
            }
            #expect(try await server.chat().status == 200)
        }
    }

    @Test func `pages of other origins ask only where they may`() async throws {
        let preflight = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "POST")]
        try await TestServer.with { server in
            let reply = try await server.send(.OPTIONS, "/v1/chat/completions", headers: preflight)
            #expect(reply.status == 405)
            #expect(reply.headers.first(name: "access-control-allow-origin") == nil)
        }
        try await TestServer.with(settings: { $0.allowedOrigins = ["https://a.example"] }) { server in
            let reply = try await server.send(.OPTIONS, "/v1/chat/completions", headers: preflight)
            #expect(reply.status == 204)
            #expect(reply.headers.first(name: "access-control-allow-origin") == "https://a.example")
            let other = try await server.send(.GET, "/v1/models", headers: [("Origin", "https://b.example")])
            #expect(other.headers.first(name: "access-control-allow-origin") == nil)
        }
    }

    @Test func `two hundred streams at once are neither lost nor mixed up`() async throws {
        let encoder = try Fixture.encoder()
        let engine = ScriptedEngine(maxModelLength: 512, delay: 1) { request in
            // The answer is the prompt's own user text: a mixed-up stream shows.
            let text = encoder.tokenizer.decode(request.prompt.tokenIDs)
            let parts = text.components(separatedBy: "number ")
            return encoder.tokenizer.encode("answer to " + (parts.last?.prefix { $0.isNumber } ?? ""))
        }
        try await TestServer.with(engine: engine, encoder: encoder) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let reply = try await server.chat("number \(index)", [JSONMember("stream", true)])
                        #expect(reply.isDone)
                        #expect(
                            reply.events.compactMap { $0.delta["content"]?.stringValue }.joined()
                                == "answer to \(index)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a server that is told to stop finishes the stream that runs`() async throws {
        try await TestServer.with(String(repeating: "a ", count: 12), delay: 30) { server in
            async let reply = server.chat("Hi", [JSONMember("stream", true)])
            while server.engine.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            await server.stop()
            let whole = try await reply
            #expect(whole.isDone)
            #expect(whole.events.last?.firstChoice["finish_reason"] == "stop")
            #expect(throws: RawConnection.Failed.self) { _ = try RawConnection(port: server.port) }
        }
    }
}
