import Inference
import JSON
import NIOHTTP1
import Prompting
import Testing

@testable import Server

/// Fields about thoughts, beams and banned words, as the engine gets them and as the client sees them.
struct ThoughtTests {
    /// An engine that closes every thought after its first token.
    private static func closingEngine(_ encoder: PromptEncoder) -> ScriptedEngine {
        let ids = encoder.tokenizer.encode("<think>\nfirst\n</think>\n\nanswer")
        return ScriptedEngine(closesThoughts: true) { _ in ids }
    }

    @Test(
        "A thinking budget is taken under vLLM's and Qwen's names, a loop guard beside it",
        arguments: [
            ([JSONMember("thinking_token_budget", 7)], 7), ([JSONMember("thinking_token_budget", -1)], nil),
            ([JSONMember("thinking_budget", 7)], 7),
            ([JSONMember("chat_template_kwargs", ["thinking_budget": 7, "enable_thinking": true])], 7), ([], nil),
        ] as [([JSONMember], Int?)])
    func fields(_ fields: [JSONMember], _ budget: Int?) async throws {
        try await TestServer.with("x", template: "qwen3") { server in
            let reply = try await server.chat("Hi", fields + [JSONMember("loop_guard", .bool(budget == nil))])
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.headers.first(name: "x-ignored-fields") == nil)
            let request = try #require(server.engine.requests.first)
            #expect(request.sampling.thinkingBudget == budget)
            #expect(request.sampling.stopsThoughtLoops == (budget == nil))
            #expect(request.thoughts != nil)
        }
    }

    @Test("Without either field, or on a model that does not think, nothing watches")
    func off() async throws {
        try await TestServer.with("x", template: "qwen3") { server in
            _ = try await server.chat()
            #expect(server.engine.requests.first?.thoughts == nil)
        }
        try await TestServer.with("x", template: "qwen") { server in
            _ = try await server.chat("Hi", [JSONMember("thinking_budget", 1)])
            #expect(server.engine.requests.first?.thoughts == nil)
        }
    }

    @Test("The response says that a thought was closed, whole and streamed")
    func report() async throws {
        let encoder = try Fixture.encoder(template: "qwen3")
        try await TestServer.with(engine: Self.closingEngine(encoder), encoder: encoder) { server in
            let whole = try await server.chat("Hi", [JSONMember("thinking_budget", 1)])
            #expect(whole.json.firstChoice["thought_closed_by"] == "budget")
            #expect(whole.json.firstChoice["message"]?["reasoning_content"] == "first")
            #expect(whole.json.content == "answer")
            let stream = try await server.chat("Hi", [JSONMember("thinking_budget", 1), JSONMember("stream", true)])
            #expect(stream.events.compactMap { $0.firstChoice["thought_closed_by"]?.stringValue } == ["budget"])
        }
    }

    @Test(
        "Bad budgets, beams and words are refused by name",
        arguments: [
            ("thinking_budget", JSONMember("thinking_budget", -2)),
            ("thinking_budget", JSONMember("thinking_budget", "x")),
            ("thinking_token_budget", JSONMember("thinking_token_budget", 1.5)),
            ("loop_guard", JSONMember("loop_guard", 1)),
            ("repetition_detection", JSONMember("repetition_detection", 3)),
            ("min_count", JSONMember("repetition_detection", ["max_pattern_size": 3, "min_count": 1])),
            ("min_pattern_size", JSONMember("repetition_detection", ["max_pattern_size": 3, "min_pattern_size": 4])),
            ("bad_words", JSONMember("bad_words", "x")),
            ("bad_words", JSONMember("bad_words", [""])), ("use_beam_search", JSONMember("use_beam_search", "yes")),
            ("length_penalty", JSONMember("length_penalty", 2)), ("early_stopping", JSONMember("early_stopping", true)),
        ] as [(String, JSONMember)])
    func bad(_ name: String, _ field: JSONMember) async throws {
        try await TestServer.with("x", template: "qwen3") { server in
            let reply = try await server.chat("Hi", [field])
            #expect(reply.status == 400)
            #expect(reply.json["error"]?["param"]?.stringValue?.contains(name) == true, "\(reply.text)")
        }
    }

    @Test("Beam search takes n as its beams and refuses what it cannot follow")
    func beams() async throws {
        try await TestServer.with("x") { server in
            for (field, name) in [
                (JSONMember("stream", true), "use_beam_search"), (JSONMember("repetition_penalty", 1.2), "repetition"),
                (JSONMember("min_tokens", 2), "min_tokens"),
            ] {
                let reply = try await server.chat(
                    "Hi", [JSONMember("use_beam_search", true), JSONMember("n", 3), field])
                #expect(reply.status == 400)
                #expect(reply.error.contains(name), "\(reply.error)")
            }
            let reply = try await server.chat(
                "Hi",
                [
                    JSONMember("use_beam_search", true), JSONMember("n", 2), JSONMember("max_tokens", 2),
                    JSONMember("length_penalty", 0.5), JSONMember("early_stopping", "never"),
                ])
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.json["choices"]?.arrayValue?.map { $0["index"] } == [0, 1])
            #expect(server.engine.requests.allSatisfy { $0.sampling.maxNewTokens == 1 && !$0.sampling.samples })
        }
    }

    @Test("Banned words reach the engine as tokens, bare and after a blank")
    func bannedWords() async throws {
        try await TestServer.with("x") { server in
            _ = try await server.chat("Hi", [JSONMember("bad_words", ["red"])])
            let expected = [server.encoder.tokenizer.encode("red"), server.encoder.tokenizer.encode(" red")]
            #expect(server.engine.requests.first?.sampling.bannedSequences == expected)
        }
    }

    @Test("A stop token is part of the text where that is asked for")
    func stopToken() async throws {
        try await TestServer.with("Hello there") { server in
            let ids = server.encoder.tokenizer.encode("Hello there")
            let stop = JSONMember("stop_token_ids", .array([.int(Int(ids.last ?? 0))]))
            let cut = try await server.chat("Hi", [stop])
            let kept = try await server.chat("Hi", [stop, JSONMember("include_stop_str_in_output", true)])
            #expect(cut.json.content == server.encoder.tokenizer.decode(Array(ids.dropLast())))
            #expect(kept.json.content == "Hello there")
            #expect(kept.json.firstChoice["stop_reason"]?.intValue == ids.last.map(Int.init))
        }
    }

    @Test("A list of names ends where the model's settings go on; prompt lookup is read as vLLM writes it")
    func flags() throws {
        let flags = try ServerFlags(["M", "--lora-modules", "a=x", "b=y", "temperature=0.2", "template=qwen"])
        #expect(flags.settings.adapters.map(\.name) == ["a", "b"])
        #expect(flags.rest == ["M", "temperature=0.2", "template=qwen"])
        let lookup = try ServerFlags([
            "M", "--speculative-config", #"{"method": "ngram", "num_speculative_tokens": 4, "prompt_lookup_max": 3}"#,
        ])
        #expect(lookup.lookup == ServerFlags.Lookup(numTokens: 4, lengths: 3...3))
        for wrong in [
            "4", #"{"method": "eagle", "num_speculative_tokens": 4}"#, #"{"method": "ngram"}"#,
            #"{"num_speculative_tokens": 0}"#, #"{"num_speculative_tokens": 1, "x": 2}"#,
        ] {
            #expect(throws: ServerFlagError.self) { try ServerFlags(["M", "--speculative-config", wrong]) }
        }
    }
}
