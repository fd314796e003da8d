import CMedia

/// One open video. Not sendable: a reader belongs to the function that opened it.
final class VideoReader {
    let info: VideoInfo
    private let name: String
    private let video: OpaquePointer

    /// - Throws: ``MediaError`` when the file is not a video or FFmpeg is not installed.
    init(_ source: MediaSource, limits: DecodeLimits) throws {
        name = source.name
        var error = cm_error()
        var found = cm_video_info()
        var opened: OpaquePointer?
        let bounds = cm_limits(max_pixels: Int64(limits.maxPixels))
        let status: Int32
        switch source {
        case .file(let path):
            // Says what a file is that is not a video before FFmpeg guesses.
            try source.withBytes(.first(512), limit: Int.max) { try VideoReader.check($0, name: path) }
            status = cm_video_open(path, nil, 0, bounds, &opened, &found, &error)
        case .bytes:
            status = try source.withBytes(limit: Int.max) { bytes in
                try VideoReader.check(bytes, name: source.name)
                let start = bytes.bindMemory(to: UInt8.self).baseAddress
                return cm_video_open(nil, start, bytes.count, bounds, &opened, &found, &error)
            }
        case .frames:
            throw MediaError(.unsupported, source.name, "a list of frames needs no video decoder.")
        }
        guard status == CM_OK, let opened else { throw MediaError(error, source.name, "video") }
        video = opened
        func ratio(_ numerator: Int32, _ denominator: Int32) -> Double? {
            numerator > 0 && denominator > 0 ? Double(numerator) / Double(denominator) : nil
        }
        // One rounding only, as Python's fractions have.
        let units = found.duration.multipliedReportingOverflow(by: Int64(found.time_base_num))
        let isKnown = found.duration >= 0 && found.time_base_den > 0 && !units.overflow
        info = VideoInfo(
            size: ImageSize(width: Int(found.width), height: Int(found.height)),
            numFrames: max(0, Int(found.num_frames)),
            seconds: isKnown ? Double(units.partialValue) / Double(found.time_base_den) : nil,
            averageFPS: ratio(found.rate_num, found.rate_den))
    }

    deinit { cm_video_close(video) }

    private static func check(_ head: UnsafeRawBufferPointer, name: String) throws {
        let isText = !head.prefix(64).contains { $0 == 0 || $0 > 127 }
        let isImage =
            switch ImageFormat(head) {
            case .jpeg, .png, .webp, .other: true
            case .gif, nil: false
            }
        if isText || isImage { throw MediaError(.notMedia, name, describeNonMedia(head, wanted: "video")) }
    }

    /// Steps to the next frame in display order; false at the end.
    func advance() throws -> Bool {
        var finished: Int32 = 0
        var error = cm_error()
        guard cm_video_next(video, &finished, &error) == CM_OK else { throw MediaError(error, name, "video") }
        return finished == 0
    }

    /// The current frame in RGB.
    func frame() throws -> Raster {
        var raster = cm_raster()
        var error = cm_error()
        guard cm_video_frame(video, &raster, &error) == CM_OK else { throw MediaError(error, name, "video") }
        return Raster(adopting: raster)
    }
}
