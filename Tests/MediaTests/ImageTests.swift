import Foundation
import Media
import TestSupport
import Testing

/// One row of images.json.
private struct ImageCase: Decodable {
    struct Patches: Decodable {
        var grid: [Int]
        var values: UInt32
    }
    var file: String
    var width, height: Int
    var pixels: UInt32
    var patches: [String: Patches?]
}

@Suite("Images equal Pillow's and transformers'")
struct ImageTests {
    @Test("Every format and mode decodes to Pillow's RGB pixels, from a file and from memory")
    func decoding() throws {
        let cases: [ImageCase] = try Fixtures.decode("images.json")
        #expect(cases.count == 42)
        for row in cases {
            let source = Fixtures.image(row.file)
            let image = try Image(decoding: source)
            #expect(image.size == ImageSize(width: row.width, height: row.height), "\(row.file)")
            #expect(crc32(image.bytes) == row.pixels, "\(row.file)")
            #expect(try Image.size(of: source) == image.size, "\(row.file)")
            let data = try Data(contentsOf: Fixtures.images.appendingPathComponent(row.file))
            #expect(try Image(decoding: .bytes(data)) == image, "\(row.file)")
        }
    }

    @Test("A JPEG equals Pillow's value by value")
    func wholeImage() throws {
        let image = try Image(decoding: Fixtures.image("patch.jpg"))
        #expect(image.bytes == Array(try Fixtures.bytes("patch.rgb")))
    }

    @Test("Patches equal LLaMA-Factory's pre-resize and transformers' processor in every mode")
    func patches() throws {
        let settings: [String: [Int]] = try Fixtures.decode("settings.json")
        let cases: [ImageCase] = try Fixtures.decode("images.json")
        var visited = 0
        for row in cases {
            for (name, expected) in row.patches {
                let (limits, config) = Fixtures.limits(try #require(settings[name]))
                let source = Fixtures.image(row.file)
                visited += 1
                guard let expected else {
                    #expect(throws: MediaError.self) { try config.patches(of: source, limits: limits) }
                    continue
                }
                let patches = try config.patches(of: source, limits: limits)
                #expect(patches.grid.list == expected.grid, "\(row.file) \(name)")
                #expect(crc32(patches.values) == expected.values, "\(row.file) \(name)")
                #expect(try config.grid(of: source, limits: limits) == patches.grid, "\(row.file) \(name)")
            }
        }
        #expect(visited == 126)
    }

    @Test("A patch matrix equals transformers' value by value")
    func wholePatches() throws {
        let settings: [String: [Int]] = try Fixtures.decode("settings.json")
        let (limits, config) = Fixtures.limits(try #require(settings["enlarged"]))
        let patches = try config.patches(of: Fixtures.image("patch.jpg"), limits: limits)
        let expected = try Fixtures.bytes("patch.f32").withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        #expect(patches.values == expected)
        #expect(patches.grid.numPatches * config.patchValues == expected.count)
    }

    @Test("EXIF rotation is not applied, as LLaMA-Factory does not")
    func noRotation() throws {
        #expect(try Image.size(of: Fixtures.image("rotated-exif.jpg")) == ImageSize(width: 21, height: 9))
    }

    @Test("The size is found behind a header longer than the first read")
    func longHeader() throws {
        var data = try Data(contentsOf: Fixtures.images.appendingPathComponent("rgb.jpg"))
        let segment = Data([0xFF, 0xE1, 0xFF, 0xFF]) + Data(repeating: 0x20, count: 65533)
        for _ in 0..<3 { data.insert(contentsOf: segment, at: 2) }
        let folder = try TemporaryFolder()
        let source = try folder.source("long.jpg", data)
        #expect(try Image.size(of: source) == ImageSize(width: 17, height: 13))
        #expect(try Image(decoding: source) == Image(decoding: Fixtures.image("rgb.jpg")))
    }

    @Test("PNG and JPEG files written here are read back, PNG without loss")
    func encoding() throws {
        let image = try pattern(width: 37, height: 21)
        let png = try image.pngData()
        #expect(try Image(decoding: .bytes(png)) == image)
        let rgba = (0..<(5 * 3 * 4)).map { UInt8($0) }
        let data = try Image.pngData(pixels: rgba, width: 5, height: 3, channels: 4)
        #expect(try Image(decoding: .bytes(data)).bytes == rgba.indices.filter { $0 % 4 != 3 }.map { rgba[$0] })
        let jpeg = try Image(decoding: .bytes(image.jpegData(quality: 95)))
        #expect(jpeg.size == image.size)
        let error = zip(jpeg.bytes, image.bytes).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) } / image.bytes.count
        #expect(error < 30)
        #expect(throws: MediaError.self) { try Image.pngData(pixels: [1, 2], width: 1, height: 1, channels: 3) }
        #expect(throws: MediaError.self) { try Image(width: 2, height: 2, bytes: [0]) }
    }
}
