import Basics
import Foundation

/// Writes safetensors files that Hugging Face's libraries load.
public enum SafetensorsWriter {
    /// Elements that are converted at a time.
    private static let pieceElements = 1 << 22

    /// Writes `tensors` to `path` so that the file appears whole or not at all: temporary name, flush to disk, rename.
    /// With `dtype` every tensor is converted when its turn comes, a piece at a time, so that no copy of it exists.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], as dtype: DType? = nil, to path: String,
        metadata: [String: String] = ["format": "pt"]
    ) throws {
        // Larger elements first, then by name, as the reference writer orders them: every tensor stays aligned.
        let ordered = tensors.sorted {
            let (a, b) = ((dtype ?? $0.tensor.dtype).byteCount, (dtype ?? $1.tensor.dtype).byteCount)
            return a != b ? a > b : $0.name < $1.name
        }
        var header = "{\"__metadata__\":\(try json(metadata))"
        var offset = 0
        for (name, tensor) in ordered {
            let stored = dtype ?? tensor.dtype
            let end = offset + tensor.count * stored.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            header +=
                ",\(try json(name)):{\"dtype\":\"\(stored.safetensorsName)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
            offset = end
        }
        header += "}"
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        let file = try AtomicFile(path, isLarge: true)
        try withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { try file.write($0) }
        try Array(header.utf8).withUnsafeBytes { try file.write($0) }
        for (_, tensor) in ordered where tensor.byteCount > 0 {
            let flat = tensor.detach().reshape(-1)
            for first in stride(from: 0, to: flat.count, by: pieceElements) {
                let piece = flat[first..<min(first + pieceElements, flat.count)]
                try piece.to(dtype ?? tensor.dtype).withBytes { try file.write($0) }
            }
        }
        try file.commit()
    }

    /// Writes a model as one file, or as shards of at most `maxShardBytes` with an index, in the order given.
    public static func writeModel(
        _ tensors: [(name: String, tensor: Tensor)], as dtype: DType? = nil, folder: String, stem: String = "model",
        maxShardBytes: Int
    ) throws {
        var shards: [[(name: String, tensor: Tensor)]] = [[]]
        var size = 0
        func storedBytes(_ tensor: Tensor) -> Int { tensor.count * (dtype ?? tensor.dtype).byteCount }
        for entry in tensors {
            if size + storedBytes(entry.tensor) > maxShardBytes, size > 0 {
                shards.append([])
                size = 0
            }
            shards[shards.count - 1].append(entry)
            size += storedBytes(entry.tensor)
        }
        guard shards.count > 1 else { return try write(tensors, as: dtype, to: "\(folder)/\(stem).safetensors") }
        var map: [String: String] = [:]
        for (index, shard) in shards.enumerated() {
            let name = String(format: "%@-%05d-of-%05d.safetensors", stem, index + 1, shards.count)
            try write(shard, as: dtype, to: "\(folder)/\(name)")
            for entry in shard { map[entry.name] = name }
        }
        let total = tensors.reduce(0) { $0 + storedBytes($1.tensor) }
        let index: [String: Any] = ["metadata": ["total_size": total], "weight_map": map]
        let data = try JSONSerialization.data(
            withJSONObject: index, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try AtomicFile.write([UInt8](data), to: "\(folder)/\(stem).safetensors.index.json")
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
