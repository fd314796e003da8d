import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Media behind http(s) URLs of allowed hosts.
///
/// A name is resolved once, every address it has is checked, and the connection goes to the checked address; a redirect is
/// a new URL with the same checks.
struct RemoteMedia: Sendable {
    let settings: ServerSettings
    private static let maxRedirects = 3

    func fetch(_ reference: MediaReference) async throws -> Data {
        guard !settings.mediaDomains.isEmpty else {
            throw refused(
                reference,
                "fetching media is not allowed; send a data: URL, or start the server with --allowed-media-domains")
        }
        var url = reference.url
        let deadline = NIODeadline.now() + .seconds(Int64(settings.mediaSeconds))
        for _ in 0...Self.maxRedirects {
            switch try await get(url, reference, deadline) {
            case .bytes(let data): return data
            case .redirect(let next): url = next
            }
        }
        throw APIError.invalid(reference.field, "too many redirects")
    }

    private enum Answer { case bytes(Data), redirect(String) }

    private func refused(_ reference: MediaReference, _ message: String) -> APIError {
        APIError(403, "\(reference.field): \(message)", type: "permission_error", parameter: reference.field)
    }

    /// The host of a URL that has nothing but host, port, path and query.
    private func host(of text: String, _ reference: MediaReference) throws -> (url: String, host: String) {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        guard isPlain, text.utf8.count <= 8192, let parts = URLComponents(string: text),
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme),
            parts.user == nil, parts.password == nil, let host = parts.host?.lowercased(), !host.isEmpty,
            let url = parts.string
        else { throw APIError.invalid(reference.field, "is not a plain http(s) URL") }
        let isAllowed = settings.mediaDomains.contains { domain in
            let domain = domain.lowercased()
            return domain == "*" || domain == host || (domain.hasPrefix(".") && host.hasSuffix(domain))
        }
        guard isAllowed else { throw refused(reference, "the host \(quoted(host)) is not among the allowed ones") }
        return (url, host)
    }

    private func get(_ text: String, _ reference: MediaReference, _ deadline: NIODeadline) async throws -> Answer {
        let (url, host) = try host(of: text, reference)
        let bare = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        let addresses = await Self.resolve(bare)
        guard let address = addresses.first else {
            throw APIError.invalid(reference.field, "the host cannot be resolved")
        }
        guard settings.allowsPrivateMedia || addresses.allSatisfy(\.isPublic) else {
            throw refused(reference, "the host \(quoted(host)) is in a private or reserved network")
        }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.dnsOverride[host] = address.text
        configuration.dnsOverride[bare] = address.text
        configuration.timeout.connect = .seconds(Int64(settings.mediaSeconds))
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let answer = try await get(url, reference, client, deadline)
            try? await client.shutdown()
            return answer
        } catch {
            try? await client.shutdown()
            if error is APIError || error is CancellationError { throw error }
            // What went wrong inside may tell about the network behind: one message for all.
            throw APIError.invalid(reference.field, "the file could not be fetched")
        }
    }

    private func get(
        _ url: String, _ reference: MediaReference, _ client: HTTPClient, _ deadline: NIODeadline
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: "anneal")
        let response = try await client.execute(request, deadline: deadline)
        if (300..<400).contains(response.status.code) {
            guard let location = response.headers.first(name: "Location"),
                let next = URL(string: location, relativeTo: URL(string: url))?.absoluteString
            else { throw APIError.invalid(reference.field, "the server redirects to nowhere") }
            return .redirect(next)
        }
        guard response.status.code == 200 else {
            throw APIError.invalid(reference.field, "the server answers with status \(response.status.code)")
        }
        do {
            let body = try await response.body.collect(upTo: settings.maxMediaBytes)
            return .bytes(Data(body.readableBytesView))
        } catch is NIOTooManyBytesError {
            throw APIError(
                413, "\(reference.field): the file is larger than \(settings.maxMediaBytes) bytes",
                parameter: reference.field)
        }
    }

    /// Resolves on a thread that may block.
    private static func resolve(_ host: String) async -> [NetworkAddress] {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: NetworkAddress.resolve(host)) }
        }
    }
}
