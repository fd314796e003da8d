import Foundation

/// A value being made on another thread. `@unchecked`: `result` is written before the semaphore is signalled and read after.
final class Prefetched<Value: Sendable>: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    private var result: Result<Value, any Error>?

    init(_ make: @escaping @Sendable () throws -> Value) {
        DispatchQueue.global(qos: .userInitiated).async {
            self.result = Result { try make() }
            self.done.signal()
        }
    }

    /// Waits for the value; call once.
    func value() throws -> Value {
        done.wait()
        guard let result else { throw TrainingError("a step's data were not made") }
        return try result.get()
    }
}
