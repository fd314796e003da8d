import Foundation

/// The thread that owns the tensors of a device.
///
/// LibTorch keeps grad mode and our error record per thread, and OpenMP a worker team per calling thread, while Swift
/// tasks hop between threads at `await`. So all tensor work of a run happens in one synchronous call on this thread;
/// only `Sendable` values go in and come out.
public final class TensorThread: Sendable {
    /// The thread of this process's tensors, whichever device they lie on.
    public static let cpu = TensorThread(name: "anneal.cpu")

    private let queue: WorkQueue
    private let threadID: ObjectIdentifier

    public init(name: String) {
        let queue = WorkQueue()
        self.queue = queue
        let thread = Thread { queue.runForever() }
        thread.name = name
        thread.stackSize = 64 << 20  // backward recurses through recomputed segments
        threadID = ObjectIdentifier(thread)
        thread.start()
    }

    /// Whether the caller runs on this thread.
    public var isCurrent: Bool { ObjectIdentifier(Thread.current) == threadID }

    /// Runs `body` on the thread later.
    public func post(_ body: @escaping @Sendable () -> Void) { queue.add(body) }

    /// Runs `body` on the thread and waits for it.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        let box = ResultBox<Result>()
        queue.add { box.fill(with: Swift.Result { try body() }) }
        return try box.wait().get()
    }

    /// Runs `body` on the thread without blocking a task's thread.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.add { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}

/// Jobs in order of arrival. `@unchecked`: `jobs` is only touched under `condition`.
private final class WorkQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [@Sendable () -> Void] = []

    func add(_ job: @escaping @Sendable () -> Void) {
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
    }

    func runForever() {
        while true {
            condition.lock()
            while jobs.isEmpty { condition.wait() }
            let job = jobs.removeFirst()
            condition.unlock()
            job()
        }
    }
}

/// A result handed from one thread to another. `@unchecked`: `result` is only touched under `condition`.
private final class ResultBox<Value: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private var result: Result<Value, any Error>?

    func fill(with result: Result<Value, any Error>) {
        condition.lock()
        self.result = result
        condition.signal()
        condition.unlock()
    }

    func wait() -> Result<Value, any Error> {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result { return result }
            condition.wait()
        }
    }
}
