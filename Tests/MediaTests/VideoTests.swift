import Foundation
import Media
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
        #expect(cases.count == 6)
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
        #expect(try message(folder.write("a.mp4", "hello")).contains("a.mp4: a text file, not a video"))
        #expect(try message(Fixtures.image("rgb.jpg")).contains("an image, not a video"))
        #expect(try message(.file(path: "/nowhere.mp4")).contains("no such file"))
        #expect(try message(.frames(paths: [])).contains("no frame"))
        #expect(try message(.frames(paths: [Fixtures.folder.path + "/none.png"])).contains("none.png: no such file"))
        #expect(try message(Fixtures.file("clip.mp4"), DecodeLimits(maxFrames: 5)).contains("more than 5 frames"))
        #expect(try message(Fixtures.file("clip.mp4"), DecodeLimits(maxPixels: 100)).contains("clip.mp4"))
        let clip = try Fixtures.bytes("clip.mp4")
        #expect(try message(folder.write("cut.mp4", clip.prefix(1000))).contains("cut.mp4: the video is damaged"))
        #expect(try message(.bytes(Data([0, 1, 2, 3, 4, 200, 201]))).contains("FFmpeg cannot open it"))
        let sizes = ["rgb.png", "row.jpg"].map { Fixtures.images.appendingPathComponent($0).path }
        #expect(try message(.frames(paths: sizes)).contains("All frames of a video need one size"))
    }

    @Test("A clip used as an image is refused with a hint")
    func clipAsImage() throws {
        let error = #expect(throws: MediaError.self) { try Image(decoding: Fixtures.file("clip.mp4")) }
        #expect(error?.description.contains("a video file, not an image") == true)
    }
}
