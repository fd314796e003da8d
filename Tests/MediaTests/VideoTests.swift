import Foundation
import Media
import TestSupport
import Testing

/// One row of videos.json and demo.json.
struct VideoCase: Decodable {
    var file: String?
    var frames: [String]?
    var fps: Double
    var maxlen: Int
    var limits, bounds, grid, indices: [Int]
    var values: UInt32
    var secondsPerGrid: Double

    func check(in folder: URL) throws {
        let source =
            file.map { MediaSource.file(path: folder.appendingPathComponent($0).path) }
            ?? .frames(paths: (frames ?? []).map { Fixtures.images.appendingPathComponent($0).path })
        let (limits, config) = Fixtures.limits(limits + bounds)
        let sampling = VideoSampling(fps: fps, maxFrames: maxlen)
        let video = try config.patches(ofVideo: source, sampling: sampling, limits: limits)
        #expect(video.grid.list == grid, "\(source.name)")
        #expect(video.frameIndices == indices, "\(source.name)")
        #expect(video.secondsPerGrid == secondsPerGrid, "\(source.name)")
        #expect(crc32(video.patches.values) == values, "\(source.name)")
        #expect(try config.grid(ofVideo: source, sampling: sampling, limits: limits) == video.grid, "\(source.name)")
    }
}

@Suite("Videos equal LLaMA-Factory's")
struct VideoTests {
    @Test("Frames, grids, seconds and pixels of clips with and without a frame count, and of a frame list")
    func clips() throws {
        let cases: [VideoCase] = try Fixtures.decode("videos.json")
        #expect(cases.count == 9)
        for row in cases { try row.check(in: Fixtures.folder) }
    }

    @Test("A clip in memory gives what the file gives")
    func memory() throws {
        let config = VisionProcessorConfig.videoDefaults
        let bytes = MediaSource.bytes(try Fixtures.bytes("clip.mp4"))
        #expect(try config.patches(ofVideo: bytes) == config.patches(ofVideo: Fixtures.file("clip.mp4")))
    }

    @Test("The header of a clip")
    func header() throws {
        let info = try Fixtures.file("clip.mp4").videoInfo()
        #expect(info == VideoInfo(size: ImageSize(width: 48, height: 32), numFrames: 23, seconds: 4.6, averageFPS: 5))
        let open = try Fixtures.file("clip.mkv").videoInfo()
        #expect(open.numFrames == 0 && open.seconds == nil)
    }

    @Test("Sampling spreads frames as numpy's linspace does, and survives odd settings")
    func sampling() {
        let usual = VideoSampling()
        #expect(usual.indices(numFrames: 100, seconds: 4) == [0, 14, 28, 42, 56, 70, 84, 99])
        #expect(usual.indices(numFrames: 3, seconds: 10) == [0, 1, 2])
        #expect(usual.indices(numFrames: 10, seconds: 0.1) == [0])
        #expect(VideoSampling(fps: 2, maxFrames: 4).indices(numFrames: 0, seconds: nil) == [0, 1, 2, 3])
        #expect(VideoSampling(fps: .infinity, maxFrames: 2).indices(numFrames: 9, seconds: 1) == [0, 8])
        #expect(VideoSampling(fps: .nan, maxFrames: 2).indices(numFrames: 9, seconds: 1) == [0, 8])
        #expect(VideoSampling(fps: -1, maxFrames: 0).indices(numFrames: 9, seconds: 1) == [])
    }

    @Test("What is not a video is named")
    func refusals() throws {
        let config = VisionProcessorConfig.videoDefaults
        let folder = try TemporaryFolder()
        func message(_ source: MediaSource, _ limits: DecodeLimits = .standard) throws -> String {
            try #require(
                #expect(throws: MediaError.self) { _ = try config.patches(ofVideo: source, decodeLimits: limits) }
            ).description
        }
        #expect(try message(folder.source("a.mp4", "hello")).contains("a.mp4: a text file, not a video"))
        #expect(try message(Fixtures.image("rgb.jpg")).contains("an image, not a video"))
        #expect(try message(.file(path: "/nowhere.mp4")).contains("no such file"))
        #expect(try message(.frames(paths: [])).contains("no frame"))
        #expect(try message(.frames(paths: [Fixtures.folder.path + "/none.png"])).contains("none.png: no such file"))
        #expect(try message(Fixtures.file("clip.mp4"), DecodeLimits(maxFrames: 5)).contains("more than 5 frames"))
        #expect(try message(Fixtures.file("clip.mp4"), DecodeLimits(maxPixels: 100)).contains("clip.mp4"))
        let clip = try Fixtures.bytes("clip.mp4")
        #expect(try message(folder.source("cut.mp4", clip.prefix(1000))).contains("cut.mp4: the video is damaged"))
        #expect(try message(.bytes(Data([0, 1, 2, 3, 4, 200, 201]))).contains("FFmpeg cannot open it"))
        let sizes = ["rgb.png", "row.jpg"].map { Fixtures.images.appendingPathComponent($0).path }
        #expect(try message(.frames(paths: sizes)).contains("All frames of a video need one size"))
    }

    @Test("A clip used as an image is refused with a hint")
    func clipAsImage() throws {
        let error = #expect(throws: MediaError.self) { try Image(decoding: Fixtures.file("clip.mp4")) }
        #expect(error?.description.contains("a video file, not an image") == true)
    }

    /// The clip with the bytes behind a name replaced: a box of MP4, a field of AVI.
    private func lying(_ file: String, _ name: String, at offset: Int, _ bytes: [UInt8]) throws -> MediaSource {
        var data = try Fixtures.bytes(file)
        let place = try #require(data.firstRange(of: Data(name.utf8))?.lowerBound) + offset
        data.replaceSubrange(place..<(place + bytes.count), with: bytes)
        return .bytes(data)
    }

    @Test("Headers that lie about frames, times and sizes end in few frames or an error, not in a hang")
    func lyingHeaders() throws {
        let config = VisionProcessorConfig.videoDefaults
        let most: [UInt8] = [0x7F, 0xFF, 0xFF, 0xFF]
        let lies: [(String, MediaSource)] = [
            // MP4: the duration and unit of the track, its tables of times, sizes and places.
            ("duration", try lying("clip.mp4", "mdhd", at: 20, most)),
            ("no duration", try lying("clip.mp4", "mdhd", at: 20, [0, 0, 0, 0])),
            ("unit", try lying("clip.mp4", "mdhd", at: 16, [0, 0, 0, 1])),
            ("no unit", try lying("clip.mp4", "mdhd", at: 16, [0, 0, 0, 0])),
            ("samples", try lying("clip.mp4", "stts", at: 12, most)),
            ("entries", try lying("clip.mp4", "stts", at: 8, most)),
            ("sizes", try lying("clip.mp4", "stsz", at: 12, most)),
            ("chunks", try lying("clip.mp4", "stco", at: 8, most)),
            ("place", try lying("clip.mp4", "stco", at: 12, most)),
            ("size", try lying("clip.mp4", "tkhd", at: 80, most + most)),
            // AVI: frames in all, rate and length of the stream.
            ("frames", try lying("clip.avi", "avih", at: 24, [0xFF, 0xFF, 0xFF, 0x7F])),
            ("rate", try lying("clip.avi", "strh", at: 32, [0xFF, 0xFF, 0xFF, 0x7F])),
            ("length", try lying("clip.avi", "strh", at: 40, [0xFF, 0xFF, 0xFF, 0x7F])),
            ("width", try lying("clip.avi", "strf", at: 12, [0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F])),
        ]
        let start = ContinuousClock.now
        for (name, source) in lies {
            do {
                let video = try config.patches(ofVideo: source)
                #expect(
                    video.grid.time <= 64 && video.frameIndices.count <= 23,
                    "\(name): \(video.grid) \(video.frameIndices.count)")
            } catch let error as MediaError {
                #expect(!error.reason.isEmpty, "\(name)")
            }
            _ = try? config.grid(ofVideo: source)
        }
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test("No damaged byte of a clip traps")
    func damage() throws {
        var state: UInt64 = 3
        func next(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let config = VisionProcessorConfig.videoDefaults
        var decoded = 0
        for name in ["clip.mp4", "clip.mkv", "clip.avi", "clip.webm"] {
            let clip = try Fixtures.bytes(name)
            for round in 0..<25 {
                var damaged = round % 5 == 0 ? Data(clip.prefix(next(clip.count))) : clip
                for _ in 0..<(1 + round % 4) where !damaged.isEmpty { damaged[next(damaged.count)] = UInt8(next(256)) }
                do {
                    _ = try config.patches(ofVideo: .bytes(damaged), decodeLimits: DecodeLimits(maxPixels: 1 << 22))
                    decoded += 1
                } catch is MediaError {}
            }
        }
        #expect(decoded > 10)
    }

    @Test("A list of frames without end is refused before it takes all memory")
    func manyFrames() throws {
        let frame = Fixtures.images.appendingPathComponent("rgb.png").path
        let error = try #require(
            #expect(throws: MediaError.self) {
                _ = try VisionProcessorConfig.videoDefaults.patches(
                    ofVideo: .frames(paths: Array(repeating: frame, count: 8)), decodeLimits: DecodeLimits(maxFrames: 7)
                )
            })
        #expect(error.description.contains("more than 7 frames. Cut the video before training."))
    }
}
