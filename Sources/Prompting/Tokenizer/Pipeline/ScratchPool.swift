import Synchronization

/// Lends scratch memory to encoding threads and takes it back, so that caches stay warm between calls.
final class ScratchPool: Sendable {
    private let idle = Mutex<[EncodingScratch]>([])

    func withScratch<Result>(_ body: (EncodingScratch) -> Result) -> Result {
        let scratch = idle.withLock { $0.popLast() } ?? EncodingScratch()
        defer { idle.withLock { $0.append(scratch) } }
        return body(scratch)
    }
}
