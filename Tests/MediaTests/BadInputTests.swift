import Foundation
import Media
import TestSupport
import Testing

@Suite("Bad image files get an error that names them")
struct BadInputTests {
    private func failure(_ source: MediaSource, _ limits: DecodeLimits = .standard) throws -> MediaError {
        let decoded = try #require(#expect(throws: MediaError.self) { try Image(decoding: source, limits: limits) })
        #expect(!decoded.description.contains("\n"))
        return decoded
    }

    @Test("Text, HTML, an LFS pointer, an empty file, an archive and a missing file are told apart")
    func wrongFiles() throws {
        let folder = try TemporaryFolder()
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
        let table: [(MediaSource, MediaError.Code, String)] = [
            (
                try folder.source("note.jpg", "你好, this is text\nand more"), .notMedia,
                "a text file, not an image (it begins with \"你好, this"
            ),
            (try folder.source("page.png", "<!DOCTYPE html><html></html>"), .notMedia, "an HTML page"),
            (try folder.source("drawing.svg", "<svg xmlns=\"x\"/>"), .notMedia, "SVG"),
            (try folder.source("pointer.jpg", pointer), .notMedia, "a Git LFS pointer"),
            (try folder.source("empty.jpg", Data()), .empty, "empty"),
            (try folder.source("archive.jpg", Data([0x50, 0x4B, 3, 4, 0, 0])), .notMedia, "ZIP"),
            (
                try folder.source("noise.bin", Data([0xAB, 0, 1, 2, 0xFE, 0x80, 7, 9, 3])), .notMedia,
                "ab 00 01 02 fe 80 07 09"
            ),
            (.file(path: folder.url.path), .unreadable, "not a regular file"),
            (.file(path: folder.url.path + "/missing.png"), .unreadable, "no such file"),
            (.bytes(Data()), .empty, "no bytes"),
            (.bytes(Data("plain".utf8)), .notMedia, "5 bytes in memory: a text file"),
            (.frames(paths: []), .unsupported, "a video, not one image"),
        ]
        for (source, code, text) in table {
            let error = try failure(source)
            #expect(error.code == code, "\(error)")
            #expect(error.description.contains(text), "\(error)")
            if case .file(let path) = source { #expect(error.description.hasPrefix(path + ": ")) }
            #expect(throws: MediaError.self) { try Image.size(of: source) }
        }
    }

    @Test("A file cut short is an error wherever Pillow makes it one")
    func truncated() throws {
        for name in ["rgb.jpg", "progressive.jpg", "cmyk.jpg", "rgb.png", "lossy.webp", "palette.gif"] {
            let data = try Data(contentsOf: Fixtures.images.appendingPathComponent(name))
            for part in [data.count / 2, data.count / 4, 40] {
                let error = try failure(.bytes(data.prefix(part)))
                #expect(error.code == .truncated, "\(name) \(part): \(error)")
            }
        }
    }

    @Test("Limits on pixels and bytes are kept before memory is spent")
    func bombs() throws {
        let small = DecodeLimits(maxPixels: 200)
        for name in ["rgb.jpg", "rgb.png", "lossy.webp", "palette.gif", "p.png"] {
            let error = try failure(Fixtures.image(name), small)
            #expect(error.code == .tooLarge, "\(name): \(error)")
            let sizeError = #expect(throws: MediaError.self) { try Image.size(of: Fixtures.image(name), limits: small) }
            #expect(sizeError?.code == .tooLarge)
        }
        var header = try Data(contentsOf: Fixtures.images.appendingPathComponent("l.png"))
        // 2^31 - 1 pixels a side; the checksum of the header is wrong then, which libpng notices first.
        header.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
        _ = try failure(.bytes(header))
        #expect(try failure(Fixtures.image("rgb.jpg"), DecodeLimits(maxImageBytes: 100)).code == .tooLarge)
    }

    @Test("No damaged byte traps, and no cut")
    func damage() throws {
        var state: UInt64 = 42
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: Fixtures.images.path).sorted()
        let limits = DecodeLimits(maxPixels: 1 << 20)
        var decoded = 0
        for name in names {
            let data = try Data(contentsOf: Fixtures.images.appendingPathComponent(name))
            for round in 0..<30 {
                var damaged = round % 3 == 0 ? data.prefix(next() % data.count) : data
                for _ in 0..<(round % 4 + 1) where !damaged.isEmpty {
                    damaged[damaged.startIndex + next() % damaged.count] = UInt8(next() % 256)
                }
                _ = try? Image.size(of: .bytes(Data(damaged)), limits: limits)
                do {
                    _ = try Image(decoding: .bytes(Data(damaged)), limits: limits)
                    decoded += 1
                } catch is MediaError {}
            }
        }
        #expect(decoded > 0)
    }
}
