import Foundation
public import Torch

/// The processes that a command starts to train together, by LLaMA-Factory's environment variables.
public struct LaunchPlan: Sendable, Hashable {
    /// The place of each process of this machine.
    public let places: [ProcessPlace]

    /// FORCE_TORCHRUN, NPROC_PER_NODE, NNODES, NODE_RANK, MASTER_ADDR and MASTER_PORT; nil where one process does all.
    ///
    /// - Parameters:
    ///   - numDevices: GPUs of this machine, asked for only where nothing else says how many processes there are.
    /// - Throws: `DistributedError` when the variables make no sense.
    public init?(environment: [String: String], numDevices: () -> Int) throws {
        func number(_ name: String, atLeast least: Int) throws -> Int? {
            guard let text = environment[name] else { return nil }
            guard let value = Int(text), value >= least else {
                throw DistributedError("\(name)=\(text) is not a number from \(least) on")
            }
            return value
        }
        let numNodes = try number("NNODES", atLeast: 1) ?? 1, node = try number("NODE_RANK", atLeast: 0) ?? 0
        let numLocal = try number("NPROC_PER_NODE", atLeast: 1) ?? max(1, numDevices())
        guard numNodes * numLocal > 1 else { return nil }
        guard node < numNodes else {
            throw DistributedError("NODE_RANK=\(node) is not below NNODES=\(numNodes); machines count from 0")
        }
        if environment["RDZV_ID"] != nil || environment["MAX_RESTARTS"].map({ $0 != "0" }) ?? false {
            throw DistributedError(
                "RDZV_ID and MAX_RESTARTS ask for an elastic run, which anneal does not start by itself: use torchrun, with anneal train as its program and --no-python"
            )
        }
        if numNodes > 1 {
            for name in ["MASTER_ADDR", "MASTER_PORT"] where environment[name] == nil {
                throw DistributedError(
                    "NNODES=\(numNodes) needs \(name): address and free port of the first machine, the same on all")
            }
        }
        let address = environment["MASTER_ADDR"] ?? "127.0.0.1"
        let port = try number("MASTER_PORT", atLeast: 1) ?? Self.freePort()
        places = (0..<numLocal).map { local in
            ProcessPlace(
                rank: node * numLocal + local, size: numNodes * numLocal, localRank: local, localSize: numLocal,
                address: address, port: port)
        }
    }

    /// A port of this machine that nobody listens at.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in(), length = socklen_t(MemoryLayout<sockaddr_in>.size)
        address.sin_family = sa_family_t(AF_INET)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw DistributedError("no free port was found: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
