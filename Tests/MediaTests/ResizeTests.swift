import Foundation
import Media
import Testing

@Suite("Sizes, grids and resampling equal the reference's")
struct ResizeTests {
    private struct Pattern: Decodable {
        var size, limits, bounds, grid: [Int]
        var values: UInt32
    }

    private struct Resize: Decodable {
        var size, target: [Int]
        var pillow, torchvision: UInt32
    }

    @Test("Both roundings of the bicubic filter are bit-exact")
    func resize() throws {
        let cases: [Resize] = try Fixtures.decode("resizes.json")
        #expect(cases.count == 8)
        for row in cases {
            let image = try pattern(width: row.size[0], height: row.size[1])
            let target = ImageSize(width: row.target[0], height: row.target[1])
            #expect(try crc32(image.resized(to: target, rounding: .pillow).bytes) == row.pillow, "\(row)")
            #expect(try crc32(image.resized(to: target, rounding: .torchvision).bytes) == row.torchvision, "\(row)")
        }
        let image = try pattern(width: 3, height: 3)
        #expect(throws: MediaError.self) { try image.resized(to: ImageSize(width: 0, height: 3), rounding: .pillow) }
    }

    @Test("Patches of one-pixel, long, tall and large pictures are bit-exact")
    func patterns() throws {
        let cases: [Pattern] = try Fixtures.decode("patterns.json")
        #expect(cases.count == 48)
        var last: (size: [Int], image: Image)?
        for row in cases {
            let image =
                try last.flatMap { $0.size == row.size ? $0.image : nil }
                ?? pattern(width: row.size[0], height: row.size[1])
            last = (row.size, image)
            let (limits, config) = Fixtures.limits(row.limits + row.bounds)
            let patches = try config.patches(of: image, limits: limits)
            #expect(patches.grid.list == row.grid, "\(row.size) \(row.limits)")
            #expect(crc32(patches.values) == row.values, "\(row.size) \(row.limits)")
            #expect(try config.grid(forWidth: row.size[0], height: row.size[1], limits: limits) == patches.grid)
        }
    }

    @Test("Grids of 240 sizes under many bounds equal the reference's; what it refuses is refused")
    func grids() throws {
        let rows: [[Int]] = try Fixtures.decode("grids.json")
        #expect(rows.count == 240)
        var refused = 0
        for row in rows {
            let (limits, config) = Fixtures.limits(Array(row[2..<6]))
            let grid = try? config.grid(forWidth: row[0], height: row[1], limits: limits)
            if row[6] == 0 { refused += 1 }
            #expect((grid.map { [$0.height, $0.width] } ?? [0, 0]) == Array(row[6...]), "\(row)")
        }
        #expect(refused < 20)
    }

    @Test("Token counts of the published table")
    func tokens() throws {
        let config = VisionProcessorConfig(minPixels: 3136, maxPixels: 12_845_056)
        func tokens(_ width: Int, _ height: Int, _ maxPixels: Int?) throws -> Int {
            let limits = maxPixels.map { PixelLimits(minPixels: 1024, maxPixels: $0) }
            return try config.grid(forWidth: width, height: height, limits: limits).numTokens(merge: config.mergeSize)
        }
        let table: [(Int, Int, Int?, Int)] = [
            (1920, 1080, 262_144, 336), (1920, 1080, 589_824, 777), (1920, 1080, nil, 2691), (4032, 3024, 262_144, 336),
            (4032, 3024, 589_824, 768), (4032, 3024, nil, 15552), (512, 512, 262_144, 324), (64, 64, 262_144, 4),
        ]
        for (width, height, maxPixels, expected) in table {
            #expect(try tokens(width, height, maxPixels) == expected, "\(width)x\(height)")
        }
    }

    @Test("A strip too thin for its pixel limit and bounds of zero are errors, not traps")
    func impossible() throws {
        let config = VisionProcessorConfig.imageDefaults
        for limits in [PixelLimits(minPixels: 0, maxPixels: 0), PixelLimits(minPixels: -5, maxPixels: -5)] {
            #expect(throws: MediaError.self) { try config.grid(forWidth: 10, height: 10, limits: limits) }
        }
        let error = #expect(throws: MediaError.self) {
            try config.grid(forWidth: 1, height: 1_000_000, limits: .image)
        }
        #expect(error?.description.contains("1x1000000") == true)
        #expect(throws: MediaError.self) { try config.grid(forWidth: 10, height: 2001, limits: nil) }
        #expect(throws: MediaError.self) { try config.grid(forWidth: 0, height: 0, limits: nil) }
        #expect(throws: MediaError.self) { try config.grid(forWidth: 0, height: 0, limits: .image) }
    }
}
