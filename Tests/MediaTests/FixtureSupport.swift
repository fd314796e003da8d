import Foundation
import Media
import TestSupport

/// Files made by Tools/fixtures/media.py.
enum Fixtures {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    static let images = folder.appendingPathComponent("images")
    /// LLaMA-Factory's demo pictures and videos, which stand beside the checkout on some machines.
    static let demo = folder.appendingPathComponent("../../../../shared/data/mllm_demo_data").standardized
    static var hasDemo: Bool { FileManager.default.fileExists(atPath: demo.path) }

    static func decode<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func image(_ name: String) -> MediaSource { .file(path: images.appendingPathComponent(name).path) }
    static func file(_ name: String) -> MediaSource { .file(path: folder.appendingPathComponent(name).path) }
    static func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

    /// Four numbers of settings.json: the pre-resize's bounds and the processor's.
    static func limits(_ numbers: [Int]) -> (PixelLimits, VisionProcessorConfig) {
        (
            PixelLimits(minPixels: numbers[0], maxPixels: numbers[1]),
            VisionProcessorConfig(minPixels: numbers[2], maxPixels: numbers[3])
        )
    }
}

/// A grid as the fixtures write it.
extension PatchGrid {
    var list: [Int] { [time, height, width] }
}

private let crcTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
}

/// zlib's CRC-32, to compare whole arrays with the one number a fixture keeps of them.
func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    crcTable.withUnsafeBufferPointer { table in
        var value = UInt32.max
        for byte in bytes { value = table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8 }
        return ~value
    }
}

func crc32(_ values: [UInt8]) -> UInt32 { values.withUnsafeBytes { crc32($0) } }
func crc32(_ values: [Float]) -> UInt32 { values.withUnsafeBytes { crc32($0) } }

/// A picture of 64 different rows, repeated: media.py draws the same.
func pattern(width: Int, height: Int) throws -> Image {
    let rows = (0..<min(64, height)).map { y in
        (0..<width).flatMap { x -> [UInt8] in
            let value = x * 7 + (x * y) >> 3 + y * 13
            return [
                UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value + 29),
                UInt8(truncatingIfNeeded: value + 58),
            ]
        }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(3 * width * height)
    for y in 0..<height { bytes += rows[y % 64] }
    return try Image(width: width, height: height, bytes: bytes)
}

extension TemporaryFolder {
    var url: URL { URL(fileURLWithPath: path) }

    /// Writes a file and gives it as a source.
    func source(_ name: String, _ data: Data) throws -> MediaSource { .file(path: try write(name, data)) }

    func source(_ name: String, _ text: String) throws -> MediaSource { try source(name, Data(text.utf8)) }
}
