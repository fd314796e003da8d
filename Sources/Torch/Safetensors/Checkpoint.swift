import Foundation

/// The weights of a model folder: one file, or shards named by an index.
public struct Checkpoint: Sendable {
    public let folder: String
    private let files: [SafetensorsFile]
    private let fileOfName: [String: Int]

    public var names: [String] { fileOfName.keys.sorted() }
    public func contains(_ name: String) -> Bool { fileOfName[name] != nil }
    public func shape(of name: String) -> [Int]? { fileOfName[name].flatMap { files[$0].shape(of: name) } }
    public func dtype(of name: String) -> DType? { fileOfName[name].flatMap { files[$0].dtype(of: name) } }
    public func tensor(_ name: String) -> Tensor? { fileOfName[name].flatMap { files[$0].tensor(name) } }
    /// Gives the memory of a tensor that is not needed for now back to the system; who looks at it again reads the file again.
    /// What was changed in place is lost.
    public func releasePages(of name: String) {
        if let place = fileOfName[name] { files[place].releasePages(of: name) }
    }

    /// Opens `model.safetensors` (or `model.safetensors.index.json`) of `folder`; `stem` is `model` or `adapter_model`.
    public init(folder: String, stem: String = "model") throws {
        self.folder = folder
        let single = "\(folder)/\(stem).safetensors"
        let index = "\(folder)/\(stem).safetensors.index.json"
        if FileManager.default.fileExists(atPath: index) {
            (files, fileOfName) = try Self.shards(index: index, folder: folder)
        } else if FileManager.default.fileExists(atPath: single) {
            let file = try SafetensorsFile(path: single)
            files = [file]
            fileOfName = Dictionary(uniqueKeysWithValues: file.names.map { ($0, 0) })
        } else {
            let pickles = ["pytorch_model.bin", "adapter_model.bin", "pytorch_model.bin.index.json"].filter {
                FileManager.default.fileExists(atPath: "\(folder)/\($0)")
            }
            throw SafetensorsError(
                folder,
                pickles.isEmpty
                    ? "holds no \(stem).safetensors and no \(stem).safetensors.index.json; check the path or the download"
                    : "holds only \(pickles[0]), a pickle, which is never read; convert it to safetensors first")
        }
    }

    private static func shards(index: String, folder: String) throws -> ([SafetensorsFile], [String: Int]) {
        guard let data = FileManager.default.contents(atPath: index),
            let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let map = object["weight_map"] as? [String: String]
        else { throw SafetensorsError(index, "is not a weight index (no weight_map); download it again") }
        let shardNames = Set(map.values).sorted()
        guard shardNames.allSatisfy({ !$0.contains("/") && !$0.hasPrefix(".") }) else {
            throw SafetensorsError(index, "names a shard outside its folder")
        }
        let missing = shardNames.filter { !FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
        guard missing.isEmpty else {
            throw SafetensorsError(
                index, "names shards that are missing: \(missing.joined(separator: ", ")); download them into \(folder)"
            )
        }
        let files = try shardNames.map { try SafetensorsFile(path: "\(folder)/\($0)") }
        let position = Dictionary(uniqueKeysWithValues: shardNames.enumerated().map { ($1, $0) })
        for (name, shard) in map {
            guard let place = position[shard], files[place].contains(name) else {
                throw SafetensorsError(
                    index, "says \(name) lies in \(shard), but it does not; download the shard again")
            }
        }
        return (files, map.compactMapValues { position[$0] })
    }
}
