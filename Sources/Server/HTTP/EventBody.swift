import Foundation
import Hummingbird
import JSON
import NIOCore

/// A response of server-sent events: each a line `data: {…}`, the last `data: [DONE]`.
struct EventBody: Sendable {
    let stream: AnswerStream
    let encoder: any EventEncoder
    /// Events that are due already.
    let first: [JSONValue]
    let log: @Sendable (String) -> Void

    func body(_ requests: OpenRequests, _ channel: any Channel) -> ResponseBody {
        let (items, continuation) = AsyncStream<ByteBuffer>.makeStream()
        return ResponseBody { writer in
            // The answers run in a task of their own, which the connection's end cancels.
            let job = Task {
                defer { continuation.finish() }
                try? await requests.run(on: channel) { await self.write { continuation.yield($0) } }
            }
            defer { job.cancel() }
            for await buffer in items { try await writer.write(buffer) }
            try Task.checkCancellation()
            guard channel.isActive else { throw CancellationError() }
            try await writer.finish(nil)
        }
    }

    private func write(_ yield: (ByteBuffer) -> Void) async {
        var encoder = encoder
        Self.write(first, yield)
        do {
            for try await (index, piece) in stream.items { Self.write(encoder.events(index, piece), yield) }
            if Task.isCancelled { return }
            Self.write(encoder.lastEvents(), yield)
        } catch let error as APIError {
            Self.write([error.json], yield)
        } catch {
            log("[error] while streaming: \(error)")
            Self.write([APIError(500, "internal error", type: "server_error").json], yield)
        }
        yield(ByteBuffer(string: "data: [DONE]\n\n"))
    }

    private static func write(_ events: [JSONValue], _ yield: (ByteBuffer) -> Void) {
        guard !events.isEmpty else { return }
        yield(ByteBuffer(string: events.map { "data: \($0.text())\n\n" }.joined()))
    }
}
