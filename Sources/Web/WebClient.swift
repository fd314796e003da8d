import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A web client for programs: redirects never carry a key to another host, addresses in messages have neither keys nor queries,
/// and everything has a time limit.
public final class WebClient: Sendable {
    private let client: HTTPClient
    /// The most redirects that are followed.
    public static let maxRedirects = 8

    /// - Parameters:
    ///   - connectSeconds: how long a connection may take.
    ///   - stallSeconds: how long a server may send nothing.
    public init(connectSeconds: Int64 = 15, stallSeconds: Double = 60) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(connectSeconds), read: .milliseconds(Int64(stallSeconds * 1_000))))
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes all connections; the client is of no use afterwards.
    public func close() async { try? await client.shutdown() }

    /// Sends a request and follows redirects; any status is returned.
    ///
    /// - Parameter followsRedirects: false returns a redirect to another host as it is (one on the same host is followed).
    /// - Throws: `WebError` when no answer came.
    public func send(_ request: WebRequest, followsRedirects: Bool = true) async throws(WebError) -> WebResponse {
        guard var url = URL(string: request.url), let first = Origin(url) else {
            throw WebError(
                .address, "\(Self.shown(request.url)) is not an address that begins with http:// or https://")
        }
        for _ in 0...Self.maxRedirects {
            var plain = HTTPClientRequest(url: url.absoluteString)
            plain.method = HTTPMethod(rawValue: request.method)
            plain.headers = HTTPHeaders(request.headers)
            if Origin(url) == first { plain.headers.add(contentsOf: HTTPHeaders(request.secretHeaders)) }
            if let body = request.body { plain.body = .bytes(Array(body), length: .known(Int64(body.count))) }
            let answer: HTTPClientResponse
            do {
                answer = try await client.execute(
                    plain, deadline: .now() + .milliseconds(Int64(request.seconds * 1_000)))
            } catch {
                throw WebError(.connection, "\(Self.shown(url.absoluteString)): \(Self.describe(error))")
            }
            let response = WebResponse(
                status: Int(answer.status.code), headers: answer.headers.map { ($0.name, $0.value) },
                url: Self.shown(url.absoluteString), body: answer.body)
            guard [301, 302, 303, 307, 308].contains(response.status), let target = response.header("location"),
                let next = URL(string: target, relativeTo: url)?.absoluteURL
            else { return response }
            guard let origin = Origin(next) else {
                throw WebError(.redirect, "\(response.url) leads to \(Self.shown(target)), which is not a web address")
            }
            if !followsRedirects, origin != Origin(url) { return response }
            guard !(url.scheme == "https" && next.scheme == "http") else {
                throw WebError(.redirect, "\(response.url) leads from https to unprotected http: not followed")
            }
            url = next
        }
        throw WebError(
            .redirect, "\(Self.shown(request.url)) leads to another address more than \(Self.maxRedirects) times")
    }

    /// An address without what may be secret in it: user, password, query and fragment.
    public static func shown(_ url: String) -> String {
        guard var parts = URLComponents(string: url) else { return "the address" }
        (parts.user, parts.password, parts.query, parts.fragment) = (nil, nil, nil, nil)
        return parts.string ?? "the address"
    }

    static func describe(_ error: any Error) -> String {
        let text = "\(error)"
        if text.contains("connectTimeout") { return "no connection in time" }
        if text.contains("deadlineExceeded") || text.contains("readTimeout") { return "no answer in time" }
        if text.contains("remoteConnectionClosed") || text.contains("ECONNRESET") || text.contains("reset by peer") {
            return "the connection was cut"
        }
        if text.contains("ECONNREFUSED") || text.contains("onnection refused") { return "the connection was refused" }
        if text.contains("getaddrinfo") || text.contains("dnsAError") || text.contains("SocketAddressError") {
            return "the host is not known"
        }
        return text.split(separator: "\n").first.map { String($0.prefix(200)) } ?? "an unknown error"
    }
}

/// Scheme, host and port: what a key may be sent to.
struct Origin: Equatable {
    let scheme: String
    let host: String
    let port: Int

    init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = url.host?.lowercased(),
            !host.isEmpty
        else { return nil }
        self.scheme = scheme
        self.host = host
        port = url.port ?? (scheme == "https" ? 443 : 80)
    }
}
