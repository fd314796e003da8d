public import Foundation

/// What is asked of a server.
public struct WebRequest: Sendable {
    /// The address, beginning with http:// or https://.
    public var url: String
    /// GET, HEAD or POST.
    public var method: String
    /// Headers that any server may see.
    public var headers: [(String, String)]
    /// Headers with keys: they go to the address's own host only, whatever it redirects to.
    public var secretHeaders: [(String, String)]
    /// The body, if there is one.
    public var body: Data?
    /// How long the head of the answer may take.
    public var seconds: Double

    /// A request.
    public init(
        _ url: String, method: String = "GET", headers: [(String, String)] = [], secretHeaders: [(String, String)] = [],
        body: Data? = nil, seconds: Double = 60
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.secretHeaders = secretHeaders
        self.body = body
        self.seconds = seconds
    }
}
