import Foundation
import Media
import Testing

@Suite(
    "LLaMA-Factory's demo pictures and videos", .enabled(if: Fixtures.hasDemo, "mllm_demo_data is not on this machine"))
struct DemoDataTests {
    private struct Demo: Decodable {
        struct Picture: Decodable {
            var file: String
            var width, height: Int
            var pixels, values: UInt32
            var grid: [Int]
        }
        var images: [Picture]
        var videos: [VideoCase]
    }

    @Test("Real JPEGs are bit-exact")
    func images() throws {
        let demo: Demo = try Fixtures.decode("demo.json")
        #expect(demo.images.count == 3)
        let config = VisionProcessorConfig(minPixels: 3136, maxPixels: 12_845_056)
        for row in demo.images {
            let source = MediaSource.file(path: Fixtures.demo.appendingPathComponent(row.file).path)
            let image = try Image(decoding: source)
            #expect(image.size == ImageSize(width: row.width, height: row.height))
            #expect(crc32(image.bytes) == row.pixels)
            let patches = try config.patches(of: source, limits: .image)
            #expect(patches.grid.list == row.grid)
            #expect(crc32(patches.values) == row.values)
        }
    }

    @Test("Real videos are bit-exact")
    func videos() throws {
        let demo: Demo = try Fixtures.decode("demo.json")
        #expect(demo.videos.count == 8)
        for row in demo.videos { try row.check(in: Fixtures.demo) }
    }
}
