import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A web server inside the tests: it answers as a closure says, cuts connections and hangs when asked to, and notes requests.
public final class LocalServer: Sendable {
    /// What a client asked for.
    public struct Request: Sendable {
        public let method: String
        public let path: String
        public let headers: [String: String]
        public let body: String
    }

    /// What it gets.
    public struct Reply: Sendable {
        public var status = 200
        public var headers: [(String, String)] = []
        public var body: [UInt8] = []
        /// Bytes of the body that are sent before the connection is cut.
        public var cutAfter: Int?
        /// Never answers.
        public var hangs = false

        public init(
            _ status: Int = 200, _ body: [UInt8] = [], headers: [(String, String)] = [], cutAfter: Int? = nil,
            hangs: Bool = false
        ) {
            self.status = status
            self.body = body
            self.headers = headers
            self.cutAfter = cutAfter
            self.hangs = hangs
        }

        public init(_ status: Int = 200, text: String, headers: [(String, String)] = []) {
            self.init(status, Array(text.utf8), headers: headers)
        }
    }

    public let port: Int
    private let channel: any Channel
    private let log: Log

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    /// Listens on a free port of this machine.
    public init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
        let log = Log()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Handler { request in
                            log.requests.withLock { $0.append(request) }
                            return answer(request)
                        })
                }
            }
        channel = try bootstrap.bind(host: "127.0.0.1", port: 0).wait()
        port = channel.localAddress?.port ?? 0
        self.log = log
    }

    /// "http://127.0.0.1:PORT"
    public var url: String { "http://127.0.0.1:\(port)" }

    /// All requests so far.
    public var requests: [Request] { log.requests.withLock { $0 } }

    /// Stops listening.
    public func close() { try? channel.close().wait() }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (LocalServer.Request) -> LocalServer.Reply
    private var head: HTTPRequestHead?
    private var body = ""

    init(_ answer: @escaping @Sendable (LocalServer.Request) -> LocalServer.Reply) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
        case .body(let buffer): body += String(buffer: buffer)
        case .end:
            guard let head else { return }
            var headers: [String: String] = [:]
            for (name, value) in head.headers { headers[name.lowercased()] = value }
            let reply = answer(
                LocalServer.Request(method: head.method.rawValue, path: head.uri, headers: headers, body: body))
            if !reply.hangs { send(reply, isHead: head.method == .HEAD, context) }
        }
    }

    private func send(_ reply: LocalServer.Reply, isHead: Bool, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders(reply.headers)
        if !headers.contains(name: "content-length") {
            headers.add(name: "Content-Length", value: "\(reply.body.count)")
        }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHead {
            let bytes = reply.body.prefix(reply.cutAfter ?? reply.body.count)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        }
        if reply.cutAfter != nil, !isHead {
            context.flush()
            context.close(promise: nil)
        } else {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
