import Foundation

/// Writes safetensors files that Hugging Face's libraries load.
public enum SafetensorsWriter {
    /// Writes `tensors` to `path` so that the file appears whole or not at all: temporary name, flush to disk, rename.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], to path: String, metadata: [String: String] = ["format": "pt"]
    ) throws {
        // Larger elements first, then by name, as the reference writer orders them: every tensor stays aligned.
        let ordered = tensors.sorted {
            $0.tensor.dtype.byteCount != $1.tensor.dtype.byteCount
                ? $0.tensor.dtype.byteCount > $1.tensor.dtype.byteCount : $0.name < $1.name
        }
        var header = "{\"__metadata__\":\(try json(metadata))"
        var offset = 0
        for (name, tensor) in ordered {
            let end = offset + tensor.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            header +=
                ",\(try json(name)):{\"dtype\":\"\(tensor.dtype.safetensorsName)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
            offset = end
        }
        header += "}"
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        try AtomicFile.write(to: path) { file in
            try withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { try file.write($0) }
            try Array(header.utf8).withUnsafeBytes { try file.write($0) }
            for (_, tensor) in ordered where tensor.byteCount > 0 {
                try tensor.detach().withBytes { try file.write($0) }
            }
        }
    }

    /// Writes a model as one file, or as shards of at most `maxShardBytes` with an index, in the order given.
    public static func writeModel(
        _ tensors: [(name: String, tensor: Tensor)], folder: String, stem: String = "model", maxShardBytes: Int
    ) throws {
        var shards: [[(name: String, tensor: Tensor)]] = [[]]
        var size = 0
        for entry in tensors {
            if size + entry.tensor.byteCount > maxShardBytes, size > 0 {
                shards.append([])
                size = 0
            }
            shards[shards.count - 1].append(entry)
            size += entry.tensor.byteCount
        }
        guard shards.count > 1 else { return try write(tensors, to: "\(folder)/\(stem).safetensors") }
        var map: [String: String] = [:]
        for (index, shard) in shards.enumerated() {
            let name = String(format: "%@-%05d-of-%05d.safetensors", stem, index + 1, shards.count)
            try write(shard, to: "\(folder)/\(name)")
            for entry in shard { map[entry.name] = name }
        }
        let total = tensors.reduce(0) { $0 + $1.tensor.byteCount }
        let index: [String: Any] = ["metadata": ["total_size": total], "weight_map": map]
        let data = try JSONSerialization.data(
            withJSONObject: index, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try AtomicFile.write(to: "\(folder)/\(stem).safetensors.index.json") { file in
            try data.withUnsafeBytes { try file.write($0) }
        }
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
