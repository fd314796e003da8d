import Foundation
import HTTPTypes
import Hummingbird
import Inference
import JSON
import Logging
import NIOCore
import NIOHTTPTypes

/// What a handler knows of its connection.
struct APIContext: InitializableFromSource, Sendable {
    let channel: any Channel
    let logger: Logger

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
        logger = source.logger
    }
}

/// From an HTTP request to the response: route, key, body, answer; every failure is OpenAI's error JSON.
struct APIResponder: HTTPResponder {
    typealias Context = APIContext

    let api: API
    let requests: OpenRequests
    /// Hears one line a request when the server is verbose.
    let log: @Sendable (String) -> Void

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let path = Routes.path(request.uri.path, root: api.settings.rootPath)
        var response: Response
        do {
            response = try await answer(request, path, context)
        } catch let error as APIError {
            response = Self.response(error)
        } catch is CancellationError {
            response = Self.response(APIError(499, "the client has gone", type: "server_error"))
        } catch {
            // What failed inside is for the log, not for strangers.
            log("[error] \(request.method) \(path): \(error)")
            response = Self.response(APIError(500, "internal error", type: "server_error"))
        }
        addOrigin(request, &response)
        if let name = Self.requestIDName { response.headers[name] = Self.requestID(request) }
        let known = Routes.matching(path).routes.first?.path ?? "other"
        api.metrics.countResponse(known, request.method.rawValue, status: response.status.code)
        if api.settings.isVerbose { log("\(request.method) \(path) \(response.status.code)") }
        return response
    }

    private func answer(_ request: Request, _ path: String, _ context: APIContext) async throws -> Response {
        if request.method == .options, let response = preflight(request) { return response }
        let (routes, name) = Routes.matching(path)
        guard !routes.isEmpty else {
            throw APIError(
                404, "there is no \(quoted(path)); see /v1/models, /v1/chat/completions, /health", type: "NotFoundError"
            )
        }
        let isHead = request.method == .head
        guard let route = routes.first(where: { $0.method == (isHead ? .get : request.method) }) else {
            var response = Self.response(
                APIError(405, "\(path) takes \(routes.map { $0.method.rawValue }.joined(separator: ", "))"))
            response.headers[.allow] = routes.map { $0.method.rawValue }.joined(separator: ", ")
            return response
        }
        if route.needsKey { try checkKey(request) }
        try api.check(route.needs)
        var api = api
        api.requestID = Self.requestID(request)
        let (reply, ignored) = try await requests.run(on: context.channel) { [api] in
            let body = route.method == .post ? try await self.body(request, context) : JSONValue(name)
            let ignored = KnownFields.others((body.members ?? []).map(\.key), known: route.fields)
            return (try await self.started(route.handle(api, body)), ignored)
        }
        var response = self.response(reply, context)
        if !ignored.isEmpty, route.method == .post, let name = HTTPField.Name("x-ignored-fields") {
            response.headers[name] = ignored
        }
        if isHead { response.body = ResponseBody() }
        return response
    }

    /// Before anything of the body is read.
    private func checkKey(_ request: Request) throws(APIError) {
        guard let key = api.settings.apiKey else { return }
        let header = request.headers[.authorization] ?? ""
        let isBearer = header.utf8.count > 7 && header.prefix(7).lowercased() == "bearer "
        guard isBearer, Secret.equal(String(header.dropFirst(7)), key) else {
            throw APIError(401, "Invalid API key.", type: "authentication_error", code: "invalid_api_key")
        }
    }

    private static let requestIDName = HTTPField.Name("x-request-id")

    /// The client's name for the request.
    private static func requestID(_ request: Request) -> String? {
        requestIDName.flatMap { request.headers[$0] }.flatMap { API.isIdentifier($0) ? $0 : nil }
    }

    private func body(_ request: Request, _ context: APIContext) async throws -> JSONValue {
        let limit = api.settings.maxBodyBytes
        let tooLarge = APIError(413, "the request is larger than \(limit) bytes", code: "request_too_large")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        if request.headers[.expect]?.lowercased() == "100-continue" {
            // Who waits for this word (curl, with more than a megabyte) would wait a second without it.
            try await context.channel.writeAndFlush(HTTPResponsePart.head(.init(status: .continue)))
        }
        let bytes: [UInt8]
        do {
            bytes = Array(try await request.body.collect(upTo: limit).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
        return try await API.offload { try Self.parse(bytes) }
    }

    private static func parse(_ bytes: [UInt8]) throws -> JSONValue {
        do {
            return try bytes.withUnsafeBufferPointer { buffer in
                var scanner = JSONScanner(buffer, dialect: .strict)
                let value = try scanner.readValue()
                try scanner.expectEnd()
                return value
            }
        } catch {
            throw APIError(400, "the body is not valid JSON: \(error)", code: "invalid_json")
        }
    }

    /// What a handler gives, begun: a stream has its first piece, so that a request that fails at once fails with a status.
    private enum Begun: Sendable {
        case whole(API.Reply)
        case events(AnswerStream, any EventEncoder, [JSONValue])
    }

    private func started(_ reply: API.Reply) async throws -> Begun {
        guard case .events(let stream, var encoder) = reply else { return .whole(reply) }
        var iterator = stream.items.makeAsyncIterator()
        let first: AnswerStream.Item?
        do {
            first = try await iterator.next()
        } catch let error as InferenceError {
            throw APIError(400, "\(error)")
        }
        try Task.checkCancellation()
        let events = first.map { encoder.events($0.index, $0.piece) } ?? []
        return .events(stream, encoder, events)
    }

    private func response(_ begun: Begun, _ context: APIContext) -> Response {
        switch begun {
        case .whole(.json(let value, let status)):
            return Self.response(value.text(), "application/json", status: status)
        case .whole(.text(let text, let type)): return Self.response(text, type, status: 200)
        case .whole(.events): return Self.response(APIError(500, "internal error", type: "server_error"))
        case .events(let stream, let encoder, let events):
            var headers = HTTPFields()
            headers[.contentType] = "text/event-stream; charset=utf-8"
            headers[.cacheControl] = "no-cache"
            if let name = HTTPField.Name("X-Accel-Buffering") { headers[name] = "no" }
            let log = log
            return Response(
                status: .ok, headers: headers,
                body: EventBody(stream: stream, encoder: encoder, first: events, log: log).body(
                    requests, context.channel))
        }
    }

    static func response(_ error: APIError) -> Response {
        var response = response(error.json.text(), "application/json", status: error.status)
        if error.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
        // What is left of a body that was not read must not be taken for the next request.
        if [401, 413].contains(error.status) { response.headers[.connection] = "close" }
        return response
    }

    private static func response(_ text: String, _ type: String, status: Int) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        return Response(
            status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

extension APIResponder {
    private func allowedOrigin(_ request: Request) -> String? {
        guard let origin = request.headers[.origin] else { return nil }
        if api.settings.allowedOrigins.contains("*") { return "*" }
        return api.settings.allowedOrigins.contains(origin) ? origin : nil
    }

    private func addOrigin(_ request: Request, _ response: inout Response) {
        guard !api.settings.allowedOrigins.isEmpty else { return }
        response.headers[.vary] = "Origin"
        if let origin = allowedOrigin(request) { response.headers[.accessControlAllowOrigin] = origin }
    }

    /// The answer to a page that asks whether it may ask.
    private func preflight(_ request: Request) -> Response? {
        guard allowedOrigin(request) != nil, request.headers[.accessControlRequestMethod] != nil else { return nil }
        var headers = HTTPFields()
        headers[.accessControlAllowMethods] = "GET, POST, OPTIONS"
        headers[.accessControlAllowHeaders] = "authorization, content-type"
        headers[.accessControlMaxAge] = "600"
        return Response(status: .noContent, headers: headers)
    }
}

/// Comparison of secrets.
enum Secret {
    /// Takes the same time wherever the texts differ.
    static func equal(_ given: String, _ secret: String) -> Bool {
        let given = Array(given.utf8), secret = Array(secret.utf8)
        var difference = UInt8(given.count == secret.count ? 0 : 1)
        for index in secret.indices {
            difference |= secret[index] ^ (given.isEmpty ? 0xFF : given[index % given.count])
        }
        return difference == 0
    }
}
