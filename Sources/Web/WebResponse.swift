import AsyncHTTPClient
public import Foundation
import NIOCore

/// A server's answer, of which only the head has been read.
public struct WebResponse: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The headers, in order.
    public let headers: [(String, String)]
    /// Where it came from, without what may be secret.
    public let url: String
    private let body: HTTPClientResponse.Body

    init(status: Int, headers: [(String, String)], url: String, body: HTTPClientResponse.Body) {
        self.status = status
        self.headers = headers
        self.url = url
        self.body = body
    }

    /// The value of a header; upper and lower case are the same.
    public func header(_ name: String) -> String? {
        headers.first { $0.0.lowercased() == name }?.1
    }

    /// Reads the body piece by piece.
    ///
    /// - Throws: `WebError` when the connection ends early or nothing comes for too long; what `body` throws.
    public func read(_ use: (Data) throws -> Void) async throws {
        var pieces = body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do { piece = try await pieces.next() } catch {
                throw WebError(.connection, "\(url): \(WebClient.describe(error))")
            }
            guard let piece else { return }
            try use(Data(piece.readableBytesView))
        }
    }

    /// The whole body.
    ///
    /// - Throws: `WebError` also when it has more than `limit` bytes.
    public func data(limit: Int) async throws -> Data {
        var data = Data()
        try await read { piece in
            guard data.count + piece.count <= limit else {
                throw WebError(.tooLong, "\(url): the answer is longer than \(limit >> 20) MiB")
            }
            data += piece
        }
        return data
    }
}
