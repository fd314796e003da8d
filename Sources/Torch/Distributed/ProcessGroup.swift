import CTorch
public import Foundation

/// The processes that compute together. Everything here is called by all of them, in the same order.
///
/// Its one operation is the sum; what else is exchanged is made of it. A group of one process does nothing and costs nothing.
/// `@unchecked`: the pointer never changes, and calls come one after another from the thread that trains.
public final class ProcessGroup: @unchecked Sendable {
    public let rank: Int
    public let size: Int
    /// The number of this process among those of its machine, and how many these are.
    public let localRank: Int
    public let localSize: Int
    private let handle: OpaquePointer?

    /// A process by itself.
    public static let alone = ProcessGroup()

    private init() {
        (rank, size, localRank, localSize) = (0, 1, 0, 1)
        handle = nil
    }

    /// Waits for the others and becomes one of them.
    ///
    /// - Parameter timeoutSeconds: how long a process may keep the others waiting.
    /// - Throws: `TensorError` when they do not come or cannot reach each other.
    public init(_ place: ProcessPlace, timeoutSeconds: Int) throws {
        rank = place.rank
        size = place.size
        localRank = place.localRank
        localSize = place.localSize
        handle = try scope("meeting the other processes at \(place.address):\(place.port)") {
            place.address.withCString { address in
                "anneal/\(place.numRestarts)/".withCString { prefix in
                    ct_group_join(
                        ct_group_place(
                            rank: Int32(place.rank), size: Int32(place.size),
                            is_local: place.localSize == place.size, address: address, port: Int32(place.port),
                            holds_store: place.rank == 0 && !place.isStoreOfLauncher, prefix: prefix,
                            timeout_milliseconds: Int64(timeoutSeconds) * 1000))
                }
            }
        }
    }

    /// Whether this process speaks and writes for all.
    public var isFirst: Bool { rank == 0 }

    /// Replaces a dense tensor by its sum over all processes.
    ///
    /// - Throws: `DistributedError` that says which process is gone or has failed.
    public func sum(_ tensor: Tensor) throws {
        guard let handle else { return }
        do { try scope { _ = ct_group_sum(handle, tensor.handle) } } catch let error as TensorError {
            throw DistributedError(error.message)
        }
    }

    /// The sums of numbers over all processes.
    public func sum(_ values: [Double]) throws -> [Double] {
        guard size > 1 else { return values }
        let tensor = Tensor(values, shape: [values.count]).to(.cpu)
        try sum(tensor)
        return tensor.array(Double.self)
    }

    /// The mean of a number over all processes, inside a scope: a failure is the scope's.
    public func mean(_ value: Double) -> Double {
        guard let handle else { return value }
        let tensor = Tensor([value]).to(.cpu)
        _ = ct_group_sum(handle, tensor.handle)
        return tensor.item / Double(size)
    }

    /// Whether a condition holds in any process.
    public func any(_ condition: Bool) throws -> Bool { try sum([condition ? 1 : 0])[0] > 0 }

    /// Returns when all processes have come here.
    public func wait() throws { _ = try any(false) }

    /// The bytes of every process, by rank.
    public func gather(_ bytes: Data) throws -> [Data] {
        guard size > 1 else { return [bytes] }
        let counts = try sum((0..<size).map { $0 == rank ? Double(bytes.count) : 0 }).map { Int($0) }
        let before = counts[..<rank].reduce(0, +), after = counts[(rank + 1)...].reduce(0, +)
        let all = [UInt8](repeating: 0, count: before) + bytes + [UInt8](repeating: 0, count: after)
        guard !all.isEmpty else { return counts.map { _ in Data() } }
        let tensor = Tensor(all).to(.cpu)
        try sum(tensor)
        let gathered = tensor.array(UInt8.self)
        var first = 0
        return counts.map { count in
            defer { first += count }
            return Data(gathered[first..<first + count])
        }
    }

    /// Runs `body` in the first process, then in the others: they find what it has prepared.
    public func firstBeforeOthers<Result>(_ body: () throws -> Result) throws -> Result {
        if !isFirst { try wait() }
        let result = try body()
        if isFirst { try wait() }
        return result
    }

    /// Tells the others why this process ends; they end with it.
    public func fail(_ reason: String) { if let handle { ct_group_fail(handle, reason) } }

    /// Waits for the others and parts from them.
    public func leave() throws {
        try wait()
        if let handle { ct_group_leave(handle) }
    }
}
