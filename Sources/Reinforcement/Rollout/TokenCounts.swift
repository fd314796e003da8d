import Synchronization

/// Tokens that each of several answers has so far.
final class TokenCounts: Sendable {
    private let counts: Mutex<[Int]>

    init(count: Int) { counts = Mutex(Array(repeating: 0, count: count)) }

    /// Counts a token of answer `index` and returns how many it has.
    func add(_ index: Int) -> Int {
        counts.withLock {
            $0[index] += 1
            return $0[index]
        }
    }
}
