import Foundation
import HTTPTypes
import Inference
import JSON

/// One route and what it does.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// Ends in a slash where a name follows, which is one part of the path: a slash in it comes as `%2F`.
    let path: String
    /// Whether clients must send the API key.
    var needsKey = true
    /// Which models it is for.
    var needs = Need.anyModel
    /// The fields of the body that count.
    var fields: Set<String> = []
    /// The body; for GET the name that follows the path, or null.
    let handle: @Sendable (API, JSONValue) async throws -> API.Reply
}

/// What a route asks of the model.
enum Need: Sendable { case anyModel, writer, rewardModel }

/// All routes: one line each.
enum Routes {
    static let all: [Route] = [
        Route(method: .get, path: "/v1/models") { api, _ in api.models() },
        Route(method: .get, path: "/v1/models/") { try $0.model(named: $1.stringValue ?? "") },
        Route(method: .post, path: "/v1/chat/completions", needs: .writer, fields: KnownFields.chat) {
            try await $0.chat($1)
        },
        Route(method: .post, path: "/v1/completions", needs: .writer, fields: KnownFields.completion) {
            try await $0.complete($1)
        },
        Route(method: .post, path: "/v1/embeddings", needs: .writer, fields: KnownFields.embedding) {
            try await $0.embed($1)
        },
        Route(method: .post, path: "/v1/score/evaluation", needs: .rewardModel, fields: KnownFields.score) {
            try await $0.score($1)
        },
        Route(method: .post, path: "/v1/load_lora_adapter", needs: .writer, fields: KnownFields.adapter) {
            try await $0.loadAdapter($1)
        },
        Route(method: .post, path: "/v1/unload_lora_adapter", needs: .writer, fields: KnownFields.adapter) {
            try await $0.unloadAdapter($1)
        },
        Route(method: .post, path: "/tokenize", fields: KnownFields.tokenize) { try await $0.tokenize($1) },
        Route(method: .post, path: "/detokenize", fields: KnownFields.detokenize) { try $0.detokenize($1) },
        Route(method: .get, path: "/health", needsKey: false) { _, _ in .text("", type: "text/plain") },
        Route(method: .get, path: "/ping", needsKey: false) { _, _ in .text("", type: "text/plain") },
        Route(method: .get, path: "/version", needsKey: false) { api, _ in api.version() },
        Route(method: .get, path: "/metrics") { api, _ in
            .text(
                api.metrics.page(api.engine.statistics, model: api.settings.modelNames.first ?? ""),
                type: "text/plain; version=0.0.4; charset=utf-8")
        },
    ]

    /// The routes of a path, and the name that follows theirs.
    static func matching(_ path: String) -> (routes: [Route], name: String?) {
        guard let slash = path.lastIndex(of: "/"), path.index(after: slash) < path.endIndex else { return ([], nil) }
        let exact = all.filter { $0.path == path }
        guard exact.isEmpty else { return (exact, nil) }
        return (all.filter { $0.path == path[...slash] }, path[path.index(after: slash)...].removingPercentEncoding)
    }

    /// The path without what a proxy puts before it.
    static func path(_ path: String, root: String) -> String {
        let root = root.hasSuffix("/") ? String(root.dropLast()) : root
        guard !root.isEmpty, path == root || path.hasPrefix(root + "/") else { return path }
        return String(path.dropFirst(root.count))
    }
}
