import Foundation

/// A value that is computed on another thread. `@unchecked`: `result` is written before the semaphore is signalled and
/// read after it was waited for.
final class Background<Value: Sendable>: @unchecked Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private var result: Result<Value, any Error>?

    init(_ body: @escaping @Sendable () throws -> Value) {
        Thread.detachNewThread {
            self.result = Result { try body() }
            self.semaphore.signal()
        }
    }

    /// Waits for the value; to be called once.
    func value() throws -> Value {
        semaphore.wait()
        guard let result else { throw InferenceError("the background work gave no result") }
        return try result.get()
    }
}

/// Results of a parallel loop, in order. `@unchecked`: the array is only touched under `lock`.
final class Collected<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var slots: [Value?]

    init(count: Int) { slots = Array(repeating: nil, count: count) }

    func set(_ index: Int, _ value: Value) { lock.withLock { slots[index] = value } }

    /// The values that were set, in order of their indices.
    var values: [Value] { lock.withLock { slots.compactMap { $0 } } }
}
