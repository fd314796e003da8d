import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Watches one connection: closes it when a request's head or body takes too long, and reports when its client leaves.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let settings: ServerSettings
    private let requests: OpenRequests
    private var deadline: Scheduled<Void>?
    /// Requests that came and are not answered.
    private var numOpen = 0

    init(_ settings: ServerSettings, _ requests: OpenRequests) {
        self.settings = settings
        self.requests = requests
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { close(context, after: settings.headSeconds) }
    }

    func channelActive(context: ChannelHandlerContext) {
        close(context, after: settings.headSeconds)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        requests.closed(context.channel)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            numOpen += 1
            close(context, after: settings.bodySeconds)
        case .body: break
        case .end: deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            numOpen -= 1
            if numOpen <= 0 { close(context, after: settings.idleSeconds) }
        }
        context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Who stops sending while an answer is on its way has left.
        if let event = event as? ChannelEvent, event == .inputClosed {
            requests.closed(context.channel)
            if numOpen > 0 {
                context.close(promise: nil)
                return
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func close(_ context: ChannelHandlerContext, after seconds: Double) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1000))) {
            channel.close(promise: nil)
        }
    }
}
