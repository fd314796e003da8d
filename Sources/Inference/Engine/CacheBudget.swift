import Foundation
public import Models
public import Torch

/// How many blocks of keys and values fit, and the arithmetic that says so.
public struct CacheBudget: Sendable, Equatable, CustomStringConvertible {
    /// Positions of a block.
    public static let blockSize = PagedCache.blockSize
    /// More are never useful on a CPU: a million positions.
    static let mostBlocks = 65_536

    public let numBlocks: Int
    /// Bytes of one block of all layers.
    public let blockBytes: Int
    /// Bytes that were free when the budget was made, and the share of them that may be used; nil when a size was given.
    public let measured: (freeBytes: Int, share: Double)?
    /// Longest prompt and answer together.
    public let maxModelLength: Int

    /// - Throws: when not even one short sequence fits.
    public init(_ config: ModelConfig, dtype: DType, options: EngineOptions, freeBytes: Int = Self.freeBytes()) throws {
        let text = config.text
        blockBytes = PagedCache.blockBytes(
            numLayers: text.numLayers, numKeyValueHeads: text.numKeyValueHeads, headDim: text.headDim, dtype: dtype)
        measured = options.cacheBytes == nil ? (freeBytes, options.memoryShare) : nil
        let bytes = options.cacheBytes ?? Int(Double(freeBytes) * options.memoryShare)
        let wanted: Int? =
            switch options.length {
            case .model: config.maxLength
            case .tokens(let count): count
            case .memory: nil
            }
        if case .tokens(let count) = options.length, count < 1 {
            throw InferenceError("max_model_len \(count) is too small; give at least 1")
        }
        let mostUseful = wanted.map { ($0 + Self.blockSize - 1) / Self.blockSize * max(1, options.numSequences) }
        numBlocks = min(bytes / blockBytes, mostUseful ?? .max, Self.mostBlocks)
        guard numBlocks > 0 else {
            throw InferenceError(
                "no room for keys and values: a block of \(Self.blockSize) tokens takes \(blockBytes) bytes, \(bytes) bytes may be used; give more memory"
            )
        }
        maxModelLength = min(wanted ?? .max, numBlocks * Self.blockSize)
    }

    /// Tokens whose keys and values fit.
    public var numTokens: Int { numBlocks * Self.blockSize }
    /// Requests of the greatest length that fit together.
    public var concurrency: Double { Double(numTokens) / Double(maxModelLength) }

    public var description: String {
        func gibibytes(_ bytes: Int) -> String { String(format: "%.2f GiB", Double(bytes) / Double(1 << 30)) }
        let room =
            measured.map { "\(gibibytes($0.freeBytes)) free x \(String(format: "%.2f", $0.share))" }
            ?? "as given"
        return
            "KV cache: \(gibibytes(numBlocks * blockBytes)) (\(room)), \(blockBytes) bytes a block of \(Self.blockSize) tokens: \(numBlocks) blocks, \(numTokens) tokens; maximum concurrency for \(maxModelLength) tokens per request: \(String(format: "%.2f", concurrency))x"
    }

    public static func == (a: CacheBudget, b: CacheBudget) -> Bool { a.description == b.description }

    /// Memory that can be had: what is free on the CUDA device, or on the machine without swapping, by the kernel's estimate and the limit of the control group.
    public static func freeBytes() -> Int {
        if let memory = Device.current.memory { return memory.free }
        func number(_ path: String) -> Int? {
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        let facts = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        let line = facts.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let available = line.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") }.map { $0 * 1024 }
        var free = available ?? Int(ProcessInfo.processInfo.physicalMemory / 2)
        if let limit = number("/sys/fs/cgroup/memory.max"), let used = number("/sys/fs/cgroup/memory.current") {
            free = min(free, max(0, limit - used))
        }
        return free
    }
}

extension ModelConfig {
    /// Positions the model was made for: `max_position_embeddings`, or the longer ones its rope scaling reaches (as vLLM
    /// derives max_model_len).
    public var maxLength: Int {
        switch text.rope.scaling {
        case .none, .llama3: text.maxPositions
        case .linear(let factor), .dynamic(let factor, _): Int(Double(text.maxPositions) * factor)
        case .yarn(let yarn): max(text.maxPositions, Int(Double(yarn.original) * yarn.factor))
        }
    }
}
