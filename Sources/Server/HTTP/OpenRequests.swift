import NIOCore
import Synchronization

/// Who is being answered on which connection, so that an answer stops when its client has gone.
final class OpenRequests: Sendable {
    private let cancellations = Mutex<[ObjectIdentifier: @Sendable () -> Void]>([:])

    init() {}

    /// Runs `body` and cancels it when the connection closes.
    func run<Result: Sendable>(
        on channel: any Channel, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let id = ObjectIdentifier(channel)
        let task = Task { try await body() }
        cancellations.withLock { $0[id] = { task.cancel() } }
        defer { cancellations.withLock { $0[id] = nil } }
        // It may have closed before it was registered.
        if !channel.isActive { task.cancel() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// The client of a connection has gone.
    func closed(_ channel: any Channel) {
        let cancel = cancellations.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
        cancel?()
    }
}
