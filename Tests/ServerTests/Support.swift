import AsyncHTTPClient
import Foundation
import Inference
import JSON
import NIOCore
import NIOHTTP1
import Prompting
import RunConfig
import ServiceLifecycle

@testable import Server

/// The tiny checkpoints of ModelsTests; only their tokenizers and configurations are read here.
enum Fixture {
    static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path

    static func encoder(_ name: String = "qwen2", template: String = "qwen") throws -> PromptEncoder {
        let config = try RunConfig.load(
            modelArguments: ["\(tests)/ModelsTests/Fixtures/\(name)", "template=\(template)"], purpose: .inference)
        return try PromptEncoder(InferenceSettings(config))
    }
}

/// A response, read whole.
struct Reply {
    let status: Int
    let headers: HTTPHeaders
    let text: String

    var json: JSONValue { (try? JSONValue(parsing: text)) ?? .null }
    var error: String { json["error"]?["message"]?.stringValue ?? "" }
    /// The events of a stream, `[DONE]` excluded.
    var events: [JSONValue] {
        text.components(separatedBy: "\n\n").compactMap { line in
            line.hasPrefix("data: {") ? try? JSONValue(parsing: String(line.dropFirst(6))) : nil
        }
    }
    var isDone: Bool { text.hasSuffix("data: [DONE]\n\n") }
}

/// A server on a free port, and a client for it.
struct TestServer {
    let port: Int
    /// The engine's script and memory; one without script where the test brings another engine.
    let engine: ScriptedEngine
    let encoder: PromptEncoder
    let client: HTTPClient
    let group: ServiceGroup

    static func with<Result>(
        _ answer: String = "Hello there", template: String = "qwen", model: String = "qwen2", delay: Int = 0,
        maxModelLength: Int = 512, settings change: (inout ServerSettings) -> Void = { _ in },
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        let encoder = try Fixture.encoder(model, template: template)
        let ids = encoder.tokenizer.encode(answer)
        let engine = ScriptedEngine(maxModelLength: maxModelLength, delay: delay) { _ in ids }
        return try await with(engine: engine, encoder: encoder, settings: change, body)
    }

    static func with<Result>(
        engine: any GenerationEngine, encoder: PromptEncoder,
        settings change: (inout ServerSettings) -> Void = { _ in },
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        var settings = ServerSettings()
        settings.port = 0
        settings.modelNames = ["tiny"]
        change(&settings)
        var defaults = SamplingSettings()
        defaults.maxNewTokens = 400
        let server = APIServer(settings, engine: engine, encoder: encoder, defaults: defaults) { print($0) }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let group = try server.services(handlesSignals: false) { continuation.yield($0) }
        let task = Task { try await group.run() }
        defer { task.cancel() }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else { throw InferenceError("the server did not start") }
        return try await body(
            TestServer(
                port: port, engine: engine as? ScriptedEngine ?? ScriptedEngine { _ in [] }, encoder: encoder,
                client: .shared, group: group))
    }

    /// As SIGTERM does.
    func stop() async { await group.triggerGracefulShutdown() }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, headers: [(String, String)] = []
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await client.execute(request, timeout: .seconds(20))
        let text = try await response.body.collect(upTo: 1 << 24)
        return Reply(status: Int(response.status.code), headers: response.headers, text: String(buffer: text))
    }

    func post(_ path: String, _ body: JSONValue) async throws -> Reply {
        try await send(.POST, path, body.text(), headers: [("Content-Type", "application/json")])
    }

    /// A chat with one message, and further fields.
    func chat(_ text: String = "Hi", _ fields: [JSONMember] = []) async throws -> Reply {
        try await post("/v1/chat/completions", Self.chatBody(text, fields))
    }

    static func chatBody(_ text: String, _ fields: [JSONMember] = []) -> JSONValue {
        .object(
            [JSONMember("model", "tiny"), JSONMember("messages", [["role": "user", "content": .string(text)]])] + fields
        )
    }
}

extension JSONValue {
    var firstChoice: JSONValue { self["choices"]?.arrayValue?.first ?? .null }
    var content: String? { firstChoice["message"]?["content"]?.stringValue }
    var delta: JSONValue { firstChoice["delta"] ?? .null }
}
