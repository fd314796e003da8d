import Foundation
import Inference
import JSON
import NIOHTTP1
import Testing

@testable import Server

/// What brought other servers down or made them talk, one case a line; the server answers and goes on. What concerns media
/// is in MediaTests, heads and bodies in RobustnessTests, patterns in ConstraintTests.
struct AdvisoryTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var path = "/v1/chat/completions"
        var body: String
        var status: Int
    }

    private static func chat(_ text: String, _ more: String = "") -> String {
        #"{"messages": [{"role": "user", "content": \#(JSONValue.string(text).text())}], "max_tokens": 3\#(more)}"#
    }

    private static func video(_ url: String) -> String {
        #"{"messages": [{"role": "user", "content": [{"type": "video_url", "video_url": {"url": "\#(url)"}}]}]}"#
    }

    static let cases = [
        Case(
            testDescription: "vLLM 0.5.4: empty prompt", path: "/v1/completions", body: #"{"prompt": ""}"#, status: 400),
        Case(testDescription: "empty list of prompts", path: "/v1/completions", body: #"{"prompt": []}"#, status: 400),
        Case(testDescription: "no tokens", path: "/v1/completions", body: #"{"prompt": [[]]}"#, status: 400),
        Case(testDescription: "white space", body: chat("   \n"), status: 200),
        Case(testDescription: "nothing", body: chat(""), status: 200),
        Case(
            testDescription: "special tokens alone", path: "/v1/completions",
            body: ##"{"prompt": "<|im_end|><|endoftext|>", "max_tokens": 3}"##, status: 200),
        Case(
            testDescription: "CVE-2026-0599: a Markdown image in a text is text",
            body: chat("![x](http://169.254.169.254/latest/meta-data)"), status: 200),
        Case(
            testDescription: "CVE-2025-62426: chat_template_kwargs",
            body: chat("x", #", "chat_template_kwargs": {"chat_template": "{{ 7 }}", "tokenize": true}"#), status: 400),
        Case(
            testDescription: "CVE-2025-62164: prompt_embeds", path: "/v1/completions",
            body: #"{"prompt_embeds": "gAJjcG9zaXgKc3lzdGVtCg==", "max_tokens": 1}"#, status: 400),
        Case(
            testDescription: "CVE-2025-48944: a tool's pattern and type",
            body: chat(
                "x",
                #", "tool_choice": "required", "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "nonsense", "properties": {"a": {"type": "string", "pattern": "("}}}}}]"#
            ), status: 400),
        Case(
            testDescription: "vLLM #17313: a pattern that is none", body: chat("x", #", "guided_regex": "(((""#),
            status: 400),
        Case(
            testDescription: "GHSA-9356: a pattern that backtracks",
            body: chat("x", #", "guided_regex": "(a+)+b""#), status: 200),
        Case(
            testDescription: "CVE-2026-5760: a template of the request",
            body: chat("x", #", "chat_template": "{% for i in range(10**9) %}x{% endfor %}""#), status: 400),
        Case(
            testDescription: "CVE-2026-34755: frames without end in a data URL",
            body: video("data:video/jpeg;base64," + String(repeating: "/9j/,", count: 20_000)), status: 400),
        Case(
            testDescription: "CVE-2025-46567: an adapter that is a pickle", path: "/v1/load_lora_adapter",
            body: #"{"lora_name": "x", "lora_path": "PICKLE"}"#, status: 400),
        Case(
            testDescription: "an adapter outside of all folders", path: "/v1/load_lora_adapter",
            body: #"{"lora_name": "x", "lora_path": "../../../../etc"}"#, status: 400),
        Case(testDescription: "vLLM's open routes: /invocations", path: "/invocations", body: "{}", status: 404),
        Case(testDescription: "/collective_rpc", path: "/collective_rpc", body: "{}", status: 404),
        Case(testDescription: "/update_weights", path: "/update_weights", body: "{}", status: 404),
        Case(testDescription: "path traversal", path: "/v1/models/../../../etc/passwd", body: "{}", status: 404),
        Case(testDescription: "vLLM's n without limit", body: chat("x", #", "n": 16385"#), status: 400),
        Case(
            testDescription: "CVE-2026-21869: a negative number where a place is counted",
            body: chat("x", #", "truncate_prompt_tokens": -1, "min_tokens": -9"#), status: 400),
    ]

    @Test("Cases of others' advisories get an answer, and the server goes on", arguments: cases)
    func advisory(_ given: Case) async throws {
        let folder = NSTemporaryDirectory() + "anneal-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("\u{80}\u{02}cposix\nsystem\n(S'touch x'\ntR.".utf8).write(
            to: URL(fileURLWithPath: "\(folder)/adapter_model.bin"))
        try await TestServer.with(settings: { $0.loadsAdapters = true }) { server in
            let body = given.body.replacingOccurrences(of: "PICKLE", with: folder)
            let reply = try await server.send(.POST, given.path, body)
            #expect(reply.status == given.status, "\(reply.text.prefix(200))")
            if given.status >= 400 { #expect(!reply.error.isEmpty) }
            #expect(!reply.text.contains("0x"), "no addresses of memory")
            #expect(try await server.chat().status == 200)
        }
    }

    @Test("Every route but those that only say that the server lives asks for the key")
    func key() async throws {
        try await TestServer.with(settings: { $0.apiKey = "secret" }) { server in
            for route in Routes.all {
                // Every route with a body names its fields.
                let path = route.path.hasSuffix("/") ? route.path + "name" : route.path
                let reply =
                    try await route.fields.isEmpty ? server.send(.GET, path) : server.send(.POST, path, "{")
                let isOpen = ["/health", "/ping", "/version"].contains(route.path)
                #expect((reply.status == 401) == !isOpen, "\(route.path) \(reply.status)")
            }
        }
    }
}
