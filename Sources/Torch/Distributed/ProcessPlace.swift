/// Where this process stands among those that compute together, as torchrun's environment variables say.
public struct ProcessPlace: Sendable, Hashable {
    /// The number of this process, from 0, and of all.
    public var rank: Int
    public var size: Int
    /// The same among the processes of this machine.
    public var localRank: Int
    public var localSize: Int
    /// Where the processes meet: an address and port of rank 0's machine.
    public var address: String
    public var port: Int
    /// Whether torchrun itself listens there, rather than rank 0.
    public var isStoreOfLauncher = false
    /// How often torchrun has started the processes anew.
    public var numRestarts = 0

    /// The place that a launcher gives to a process.
    public init(rank: Int, size: Int, localRank: Int, localSize: Int, address: String, port: Int) {
        self.rank = rank
        self.size = size
        self.localRank = localRank
        self.localSize = localSize
        self.address = address
        self.port = port
    }

    /// RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT; nil where none of the first three is set.
    ///
    /// - Throws: `DistributedError` when some are missing or make no sense.
    public init?(environment: [String: String]) throws(DistributedError) {
        guard ["RANK", "LOCAL_RANK", "WORLD_SIZE"].contains(where: { environment[$0] != nil }) else { return nil }
        func number(_ name: String, default standard: Int? = nil) throws(DistributedError) -> Int {
            guard let text = environment[name] else {
                if let standard { return standard }
                throw DistributedError(
                    "\(name) is not set, but other variables of torchrun are: start with torchrun, or unset RANK, LOCAL_RANK and WORLD_SIZE"
                )
            }
            guard let value = Int(text), value >= 0 else {
                throw DistributedError("\(name)=\(text) is not a number from 0 on")
            }
            return value
        }
        rank = try number("RANK")
        size = try number("WORLD_SIZE")
        localRank = try number("LOCAL_RANK", default: size == 1 ? 0 : nil)
        localSize = try number("LOCAL_WORLD_SIZE", default: size)
        guard rank < size, localRank < localSize, localSize <= size else {
            throw DistributedError(
                "RANK=\(rank), WORLD_SIZE=\(size), LOCAL_RANK=\(localRank), LOCAL_WORLD_SIZE=\(localSize) do not fit together"
            )
        }
        address = environment["MASTER_ADDR"] ?? "127.0.0.1"
        port = try number("MASTER_PORT", default: 29500)
        isStoreOfLauncher = environment["TORCHELASTIC_USE_AGENT_STORE"] == "True"
        numRestarts = try number("TORCHELASTIC_RESTART_COUNT", default: 0)
    }

    /// The variables that say so.
    public var environment: [String: String] {
        [
            "RANK": "\(rank)", "WORLD_SIZE": "\(size)", "LOCAL_RANK": "\(localRank)",
            "LOCAL_WORLD_SIZE": "\(localSize)",
            "MASTER_ADDR": address, "MASTER_PORT": "\(port)",
        ]
    }
}

/// Processes that cannot compute together.
public struct DistributedError: Error, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
