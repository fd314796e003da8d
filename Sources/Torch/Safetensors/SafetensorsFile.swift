import Foundation

/// One .safetensors file, memory-mapped: the header is read and checked at once, tensors are views of the mapping.
///
/// Format: 8 bytes little-endian header size, a JSON header {name: {dtype, shape, data_offsets}}, then the data
/// (huggingface/safetensors). Every range is checked against the file before a tensor is made.
public struct SafetensorsFile: Sendable {
    struct Entry: Sendable {
        let dtype: DType
        let shape: [Int]
        let range: Range<Int>
    }

    public let path: String
    /// The free text entries of `__metadata__`.
    public let metadata: [String: String]
    private let file: MappedFile
    private let entries: [String: Entry]

    /// Names of all tensors, sorted.
    public var names: [String] { entries.keys.sorted() }

    public func contains(_ name: String) -> Bool { entries[name] != nil }
    public func shape(of name: String) -> [Int]? { entries[name]?.shape }
    public func dtype(of name: String) -> DType? { entries[name]?.dtype }

    /// A view of the file; nil when there is no such tensor.
    public func tensor(_ name: String) -> Tensor? {
        guard let entry = entries[name] else { return nil }
        if entry.range.isEmpty { return Tensor.empty(entry.shape, entry.dtype) }
        return file.tensor(entry.range, shape: entry.shape, dtype: entry.dtype)
    }

    /// As `Checkpoint.releasePages`.
    func releasePages(of name: String) {
        if let entry = entries[name] { file.releasePages(entry.range) }
    }

    public init(path: String) throws {
        self.path = path
        file = try MappedFile(path: path)
        let bytes = file.bytes
        if bytes.starts(with: "version https://git-lfs".utf8) {
            throw SafetensorsError(
                path,
                "is a Git LFS pointer of \(bytes.count) bytes, not the weights; run `git lfs pull` or download the file itself"
            )
        }
        guard bytes.count >= 8 else {
            throw SafetensorsError(path, "has only \(bytes.count) bytes; the download broke off, fetch it again")
        }
        let headerSize = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard headerSize <= UInt64(bytes.count - 8) else {
            throw SafetensorsError(
                path,
                "claims a header of \(headerSize) bytes but the file has \(bytes.count); it is truncated or no safetensors file, download it again"
            )
        }
        let dataStart = 8 + Int(headerSize)
        let header = Data(bytes[8..<dataStart])
        guard let object = try? JSONSerialization.jsonObject(with: header) as? [String: Any] else {
            throw SafetensorsError(path, "has a header that is not JSON; the file is damaged, download it again")
        }
        metadata = object["__metadata__"] as? [String: String] ?? [:]
        var entries: [String: Entry] = [:]
        for (name, value) in object where name != "__metadata__" {
            entries[name] = try Self.entry(name, value, path: path, dataStart: dataStart, fileSize: bytes.count)
        }
        try Self.checkLayout(entries, path: path, dataStart: dataStart, fileSize: bytes.count)
        self.entries = entries
    }

    /// The tensors must follow each other without overlaps, gaps or a tail, as the format demands: another file of the
    /// same size would otherwise be taken for this one.
    private static func checkLayout(_ entries: [String: Entry], path: String, dataStart: Int, fileSize: Int) throws {
        let ordered = entries.sorted {
            ($0.value.range.lowerBound, $0.value.range.upperBound) < (
                $1.value.range.lowerBound, $1.value.range.upperBound
            )
        }
        var end = dataStart, previous = "the header"
        for (name, entry) in ordered {
            guard entry.range.lowerBound >= end else {
                throw SafetensorsError(
                    path, "tensors \(previous) and \(name) overlap; the file is damaged, download it again")
            }
            guard entry.range.lowerBound == end else {
                throw SafetensorsError(
                    path,
                    "has a gap of \(entry.range.lowerBound - end) bytes before tensor \(name); the file is damaged, download it again"
                )
            }
            (end, previous) = (entry.range.upperBound, name)
        }
        guard end == fileSize else {
            throw SafetensorsError(
                path, "has \(fileSize - end) bytes after its last tensor; the file is damaged, download it again")
        }
    }

    private static func entry(_ name: String, _ value: Any, path: String, dataStart: Int, fileSize: Int) throws -> Entry
    {
        guard let fields = value as? [String: Any], let dtypeName = fields["dtype"] as? String,
            let shape = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int], offsets.count == 2,
            shape.allSatisfy({ $0 >= 0 }), 0 <= offsets[0], offsets[0] <= offsets[1]
        else { throw SafetensorsError(path, "tensor \(name) has a malformed header entry; the file is damaged") }
        guard let dtype = DType(safetensorsName: dtypeName) else {
            throw SafetensorsError(path, "tensor \(name) has dtype \(dtypeName), which is not supported")
        }
        var bytes = dtype.byteCount
        for size in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
            guard !overflow else { throw SafetensorsError(path, "tensor \(name) has an impossible shape \(shape)") }
            bytes = product
        }
        guard offsets[1] - offsets[0] == bytes else {
            throw SafetensorsError(
                path,
                "tensor \(name) of shape \(shape) needs \(bytes) bytes, its header gives \(offsets[1] - offsets[0])")
        }
        guard offsets[1] <= fileSize - dataStart else {
            throw SafetensorsError(
                path,
                "is truncated: tensor \(name) ends at byte \(dataStart + offsets[1]), the file has \(fileSize); download it again"
            )
        }
        return Entry(dtype: dtype, shape: shape, range: (dataStart + offsets[0])..<(dataStart + offsets[1]))
    }
}
