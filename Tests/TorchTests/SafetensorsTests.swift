import Basics
import Foundation
import TestSupport
import Testing

@testable import Torch

/// A folder that goes away with its owner.
struct SafetensorsTests {
    // MARK: what is written is read back

    @Test func `every dtype is read back bit by bit, empty and scalar shapes too`() throws {
        try TensorThread.cpu.run {
            let folder = try TemporaryFolder(), path = "\(folder.path)/a.safetensors"
            let base = Tensor.empty([2, 3])
            base.fillNormal(std: 20)
            var tensors = DType.allCases.map { (name: "t.\($0)", tensor: base.to($0)) }
            tensors.append(("empty", Tensor.zeros([0, 4])))
            tensors.append(("scalar", base.sum()))
            tensors.append(("strange \"name\" \u{1F525}", base.t))
            try SafetensorsWriter.write(tensors, to: path, metadata: ["format": "pt", "note": "a \"b\""])
            let file = try SafetensorsFile(path: path)
            #expect(file.names == tensors.map(\.name).sorted())
            #expect(file.metadata == ["format": "pt", "note": "a \"b\""])
            for (name, tensor) in tensors {
                let saved = try #require(file.tensor(name))
                #expect(saved.shape == tensor.shape && saved.dtype == tensor.dtype)
                #expect(saved.withBytes { Array($0) } == tensor.withBytes { Array($0) }, "\(name)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.safetensors"])
        }
    }

    @Test func `a tensor changed in place does not change its file`() throws {
        try TensorThread.cpu.run {
            let folder = try TemporaryFolder(), path = "\(folder.path)/a.safetensors"
            try SafetensorsWriter.write([("x", Tensor([Float(1), 2]))], to: path)
            let before = FileManager.default.contents(atPath: path)
            try #require(try SafetensorsFile(path: path).tensor("x")).fill(7)
            #expect(FileManager.default.contents(atPath: path) == before)
            #expect(try SafetensorsFile(path: path).tensor("x")?.array(Float.self) == [1, 2])
        }
    }

    @Test func `a model is split into shards with an index that the checkpoint follows`() throws {
        try TensorThread.cpu.run {
            let folder = try TemporaryFolder()
            let weights = (0..<5).map { (name: "w\($0)", tensor: Tensor.full([10], Double($0))) }
            try SafetensorsWriter.writeModel(weights, folder: folder.path, maxShardBytes: 100)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(names == (1...3).map { "model-0000\($0)-of-00003.safetensors" } + ["model.safetensors.index.json"])
            let checkpoint = try Checkpoint(folder: folder.path)
            #expect(checkpoint.names == weights.map(\.name))
            for (index, name) in checkpoint.names.enumerated() {
                #expect(checkpoint.tensor(name)?.array(Float.self) == Array(repeating: Float(index), count: 10))
            }
        }
    }

    @Test func `a write that fails leaves the old file and no partial one`() throws {
        try TensorThread.cpu.run {
            let folder = try TemporaryFolder(), path = "\(folder.path)/a.safetensors"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try folder.write("a.safetensors/inside", "x")
            #expect(throws: FileError.self) {
                try SafetensorsWriter.write([("x", Tensor([Float(1)]))], to: path)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.safetensors"])
        }
    }

    // MARK: damaged files

    /// A file of this header and that many zero bytes; `size` overrides the header size that is written.
    private static func bytes(_ header: String, data: Int = 16, size: UInt64? = nil) -> [UInt8] {
        withUnsafeBytes(of: (size ?? UInt64(header.utf8.count)).littleEndian) { Array($0) } + Array(header.utf8)
            + Array(repeating: 0, count: data)
    }

    private static func entry(_ dtype: String = "F32", _ shape: String = "[4]", _ offsets: String = "[0,16]") -> String
    {
        "{\"x\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
    }

    /// name, bytes, what the message must say
    static let damaged: [(String, [UInt8], [String])] = [
        ("empty", [], ["is empty", "download it again"]),
        ("five bytes", [1, 2, 3, 4, 5], ["has only 5 bytes", "fetch it again"]),
        (
            "LFS pointer", Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 988097824\n".utf8),
            ["Git LFS pointer", "git lfs pull"]
        ),
        ("HTML page", Array("<!DOCTYPE html><html>404</html>".utf8), ["claims a header of", "no safetensors file"]),
        (
            "header larger than the file", bytes(entry(), size: 100_000),
            ["claims a header of 100000 bytes", "truncated"]
        ),
        ("header of 2^64 - 1 bytes", bytes(entry(), size: .max), ["claims a header of 18446744073709551615 bytes"]),
        ("header that is no JSON", bytes("{\"x\": nonsense}"), ["header that is not JSON", "damaged"]),
        ("header that is a list", bytes("[1, 2]"), ["header that is not JSON"]),
        ("header with invalid UTF-8", bytes("{\"x\u{0}", data: 0), ["header that is not JSON"]),
        ("truncated data", bytes(entry(), data: 10), ["is truncated", "tensor x ends at byte", "download it again"]),
        ("offsets beyond the file", bytes(entry("F32", "[4]", "[1000,1016]")), ["is truncated", "tensor x"]),
        ("offsets that go back", bytes(entry("F32", "[4]", "[16,0]")), ["tensor x has a malformed header entry"]),
        ("negative offset", bytes(entry("F32", "[4]", "[-16,0]")), ["malformed"]),
        ("negative shape", bytes(entry("F32", "[-4]", "[0,16]")), ["malformed"]),
        (
            "shape and bytes that differ", bytes(entry("F32", "[5]", "[0,16]")),
            ["of shape [5] needs 20 bytes", "gives 16"]
        ),
        (
            "shape that overflows", bytes(entry("F32", "[4611686018427387904,4611686018427387904]", "[0,16]")),
            ["impossible shape"]
        ),
        ("dtype nobody knows", bytes(entry("F7")), ["dtype F7", "not supported"]),
        ("entry without fields", bytes("{\"x\":{}}"), ["malformed"]),
        ("entry that is a number", bytes("{\"x\":1}"), ["malformed"]),
        (
            "tensors that overlap",
            bytes(
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
                    + "\"y\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[12,24]}}", data: 24),
            ["overlap", "x", "y"]
        ),
        ("a hole before the data", bytes(entry("F32", "[4]", "[8,24]"), data: 24), ["gap"]),
        ("more data than tensors", bytes(entry(), data: 40), ["24 bytes", "after its last tensor"]),
    ]

    @Test func `damaged files are refused with the file, the tensor and what to do`() throws {
        let folder = try TemporaryFolder(), path = "\(folder.path)/model.safetensors"
        for (name, bytes, words) in Self.damaged {
            try folder.write("model.safetensors", Data(bytes))
            let error = #expect(throws: SafetensorsError.self, "\(name)") { _ = try SafetensorsFile(path: path) }
            let text = "\(error.map { "\($0)" } ?? "")"
            #expect(text.hasPrefix(path), "\(name): \(text)")
            for word in words { #expect(text.contains(word), "\(name): \(text)") }
        }
        #expect(Self.damaged.count == 22)
    }

    @Test func `any flipped header byte is an error or a readable file, never a trap`() throws {
        let folder = try TemporaryFolder()
        let good = Self.bytes(Self.entry())
        for place in 0..<(good.count - 16) {
            for flip in [0x01, 0x20, 0x80] as [UInt8] {
                var bytes = good
                bytes[place] ^= flip
                try folder.write("x.safetensors", Data(bytes))
                _ = try? SafetensorsFile(path: "\(folder.path)/x.safetensors")
            }
        }
    }

    // MARK: damaged folders

    private func message(_ folder: TemporaryFolder) -> String {
        do {
            _ = try Checkpoint(folder: folder.path)
            return "no error"
        } catch { return "\(error)" }
    }

    @Test func `a folder without weights says what it holds and what is missing`() throws {
        let empty = try TemporaryFolder()
        #expect(message(empty).contains("holds no model.safetensors and no model.safetensors.index.json"))
        let pickle = try TemporaryFolder()
        try pickle.write("pytorch_model.bin", "x")
        #expect(message(pickle).contains("pytorch_model.bin, a pickle, which is never read; convert it to safetensors"))
    }

    @Test func `missing, wrong and escaping shards are named`() throws {
        try TensorThread.cpu.run {
            let folder = try TemporaryFolder()
            func index(_ map: String) throws { try folder.write("model.safetensors.index.json", map) }
            try SafetensorsWriter.write([("a", Tensor([Float(1)]))], to: "\(folder.path)/one.safetensors")
            try index("{\"weight_map\": {\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"}}")
            #expect(
                message(folder).contains(
                    "names shards that are missing: two.safetensors; download them into \(folder.path)"))
            try index("{\"weight_map\": {\"a\": \"one.safetensors\", \"b\": \"one.safetensors\"}}")
            #expect(
                message(folder).contains("says b lies in one.safetensors, but it does not; download the shard again"))
            for name in ["../one.safetensors", "/etc/passwd", ".hidden"] {
                try index("{\"weight_map\": {\"a\": \"\(name)\"}}")
                #expect(message(folder).contains("names a shard outside its folder"), "\(name)")
            }
            try index("{}")
            #expect(message(folder).contains("is not a weight index"))
            try index("{\"weight_map\": {\"a\": \"one.safetensors\"}}")
            #expect(message(folder) == "no error")
        }
    }
}
