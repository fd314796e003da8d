import Foundation
import Media
import TestSupport
import Testing

@testable import DataTools

@Suite struct ImageTests {
    /// Red grows with x, green with y.
    private static func picture(_ width: Int, _ height: Int) throws -> Image {
        var bytes: [UInt8] = []
        for y in 0..<height { for x in 0..<width { bytes += [UInt8(x % 256), UInt8(y % 256), 7] } }
        return try Image(width: width, height: height, bytes: bytes)
    }

    private static func edited(_ width: Int, _ height: Int, _ change: (inout ImageEdit) throws -> Void) throws -> Image
    {
        var edit = ImageEdit()
        try change(&edit)
        return try edit.applied(to: picture(width, height), name: "p.png")
    }

    @Test func `sizes are as asked for`() throws {
        #expect(try Self.edited(101, 51) { $0.scale = 0.5 }.size == ImageSize(width: 50, height: 25))
        #expect(try Self.edited(30, 30) { $0.scale = 0.1 }.size == ImageSize(width: 3, height: 3))
        let size = ImageSize(width: 40, height: 40)
        #expect(try Self.edited(100, 50) { $0.size = size }.size == ImageSize(width: 40, height: 20))
        for (fit, width, height) in [
            (ImageEdit.Fit.cover, 100, 50), (.cover, 33, 77), (.cover, 41, 40), (.stretch, 9, 70),
        ] {
            #expect(
                try Self.edited(width, height) { ($0.size, $0.fit) = (size, fit) }.size == size,
                "\(fit) \(width)x\(height)")
        }
        #expect(try Self.edited(100, 50) { $0.maxPixels = 1250 }.size == ImageSize(width: 50, height: 25))
        #expect(try Self.edited(20, 20) { $0.maxPixels = 400 } == Self.picture(20, 20))
    }

    @Test func `a crop keeps the pixels of its place, after resizing`() throws {
        let part = try Self.edited(100, 80) { $0.crop = ImageEdit.Crop("30x20+10+5") }
        #expect(part.size == ImageSize(width: 30, height: 20))
        #expect(Array(part.bytes[..<3]) == [10, 5, 7] && Array(part.bytes.suffix(3)) == [39, 24, 7])
        let middle = try Self.edited(100, 80) { $0.crop = ImageEdit.Crop("10x10") }
        #expect(Array(middle.bytes[..<2]) == [45, 35])
        // As ffmpeg's, it ends with the picture.
        #expect(
            try Self.edited(100, 80) { $0.crop = ImageEdit.Crop("500x500+0+0") }.size
                == ImageSize(width: 100, height: 80))
        #expect(
            message { _ = try Self.edited(100, 80) { $0.crop = ImageEdit.Crop("5x5+100+0") } }
                == "p.png: the image has 100x80 pixels: nothing lies at +100+0. Crop nearer to its corner.")
        for text in ["", "5", "5x", "0x5", "5x5+1", "5x5+a+1", "5x5+-1+1", "5x5x5"] {
            #expect(ImageEdit.Crop(text) == nil, "\(text)")
        }
    }

    @Test func `a folder is converted with its tree; what is unreadable is named`() throws {
        let folder = try TemporaryFolder(["in/notes.txt": "hello", "in/sub/bad.jpg": "hello", "in/.hidden/c.png": "x"])
        let picture = try Self.picture(64, 48)
        try folder.write("in/a.png", picture.pngData())
        try folder.write("in/sub/b.JPG", picture.jpegData())
        try folder.write("in/sub/deep/c.webp", picture.webpData())
        var edit = ImageEdit()
        edit.scale = 0.5
        let batch = try ImageBatch(input: folder.path + "/in", output: folder.path + "/out", edit: edit)
        let result = batch.run(jobs: 3)
        #expect((result.numWritten, result.numSkipped, result.numOthers) == (3, 0, 2))
        #expect(result.failures.count == 1)
        #expect(result.failures.first?.contains("sub/bad.jpg: a text file, not an image") == true)
        for name in ["a.png", "sub/b.JPG", "sub/deep/c.webp"] {
            let image = try Image(decoding: .file(path: "\(folder.path)/out/\(name)"))
            #expect(image.size == ImageSize(width: 32, height: 24), "\(name)")
        }
        #expect(batch.run(overwrites: true).numWritten == 3)
        #expect(batch.run().numSkipped == 3)
    }

    @Test(arguments: ImageEdit.Format.allCases)
    func `every type can be written and is that type`(_ format: ImageEdit.Format) throws {
        let folder = try TemporaryFolder()
        try folder.write("in/a.png", Self.picture(40, 30).pngData())
        var edit = ImageEdit()
        edit.format = format
        #expect(
            try ImageBatch(input: folder.path + "/in/a.png", output: folder.path + "/out", edit: edit).run().failures
                == [])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/out/a.\(format.rawValue)"))
        let start: [ImageEdit.Format: [UInt8]] = [.jpg: [0xFF, 0xD8], .png: [0x89, 0x50], .webp: [0x52, 0x49]]
        #expect(Array(bytes.prefix(2)) == start[format])
        let image = try Image(decoding: .bytes(bytes)), original = try Self.picture(40, 30)
        let differences = zip(image.bytes, original.bytes).map { abs(Int($0) - Int($1)) }
        #expect(image.size == original.size && differences.reduce(0, +) < 3 * differences.count)
    }

    @Test func `originals are never written over, and two files never become one`() throws {
        let folder = try TemporaryFolder()
        try folder.write("in/a.png", Self.picture(4, 4).pngData())
        try folder.write("in/a.jpg", Self.picture(4, 4).jpegData())
        var edit = ImageEdit()
        for output in ["in", "in/out"] {
            #expect(
                message {
                    _ = try ImageBatch(input: folder.path + "/in", output: "\(folder.path)/\(output)", edit: edit)
                }
                .contains("write the images into a folder outside of"))
        }
        edit.format = .webp
        #expect(
            message { _ = try ImageBatch(input: folder.path + "/in", output: folder.path + "/out", edit: edit) }
                .hasSuffix("in: 'a.jpg' and 'a.png' would both become 'a.webp': rename one of them"))
        #expect(
            message { _ = try ImageBatch(input: folder.path + "/no", output: folder.path + "/out", edit: edit) }
                .hasSuffix("no: there is no such file or folder"))
    }
}
