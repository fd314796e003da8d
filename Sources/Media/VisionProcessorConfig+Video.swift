extension VisionProcessorConfig {
    /// Decodes a video (a file, bytes, or a list of frame images), samples it as LLaMA-Factory does and cuts it into
    /// patches: transformers' `pixel_values_videos`, `video_grid_thw` and `second_per_grid_ts`.
    ///
    /// - Parameter limits: bounds on each frame (`video_min_pixels`, `video_max_pixels`).
    public func patches(
        ofVideo source: MediaSource, sampling: VideoSampling = VideoSampling(), limits: PixelLimits = .video,
        decodeLimits: DecodeLimits = .standard
    ) throws -> VideoPatches {
        let name = source.name
        let video = try SampledVideo(source, sampling: sampling, limits: limits, decodeLimits: decodeLimits)
        let grid = try grid(forRegularized: video.size, numFrames: video.numFrames, name: name)
        let cut = try video.withFrames { try patches(frames: $0, size: video.size, grid: grid, name: name) }
        return VideoPatches(
            patches: cut, secondsPerGrid: Double(temporalPatchSize) / video.sampledFPS, frameIndices: video.indices)
    }

    /// The patches a video is cut into, from its header (or those of its frame images) only.
    ///
    /// When the header does not say how many frames there are, frames are counted by decoding.
    public func grid(
        ofVideo source: MediaSource, sampling: VideoSampling = VideoSampling(), limits: PixelLimits = .video,
        decodeLimits: DecodeLimits = .standard
    ) throws -> PatchGrid {
        let name = source.name
        let (size, count) = try frameSizeAndCount(source, sampling, decodeLimits)
        let regularized = try limits.steps(from: size, name: name).final
        return try grid(forRegularized: regularized, numFrames: count + count % 2, name: name)
    }

    private func frameSizeAndCount(
        _ source: MediaSource, _ sampling: VideoSampling, _ decodeLimits: DecodeLimits
    ) throws -> (ImageSize, Int) {
        if case .frames(let paths) = source {
            try checkFrames(paths.count, decodeLimits, source.name)
            let sizes = try paths.map { try Image.size(of: .file(path: $0), limits: decodeLimits) }
            guard let first = sizes.first else { throw MediaError(.empty, source.name, "a video without frames.") }
            for (path, size) in zip(paths, sizes) where size != first { throw unequalFrames(path, size, first) }
            return (first, paths.count)
        }
        let reader = try VideoReader(source, limits: decodeLimits)
        let indices = sampling.indices(numFrames: reader.info.numFrames, seconds: reader.info.seconds)
        guard reader.info.numFrames == 0, let last = indices.last else { return (reader.info.size, indices.count) }
        var present = 0
        while present <= last, try reader.advance() {
            present += 1
            try checkFrames(present, decodeLimits, source.name)
        }
        return (reader.info.size, indices.count { $0 < present })
    }
}

extension MediaSource {
    /// The header of a video.
    public func videoInfo(limits: DecodeLimits = .standard) throws -> VideoInfo {
        try VideoReader(self, limits: limits).info
    }
}

private func checkFrames(_ count: Int, _ limits: DecodeLimits, _ name: String) throws {
    guard count <= limits.maxFrames else {
        throw MediaError(.tooLarge, name, "more than \(limits.maxFrames) frames. Cut the video before training.")
    }
}

private func unequalFrames(_ name: String, _ found: ImageSize, _ size: ImageSize) -> MediaError {
    MediaError(
        .unsupported, name, "a frame of \(found) pixels after frames of \(size). All frames of a video need one size.")
}

/// The regularised RGB frames of one video, all of one size.
private struct SampledVideo {
    /// Frames one after another.
    private var pixels: [UInt8] = []
    private(set) var numFrames = 0
    private(set) var size = ImageSize(width: 0, height: 0)
    private(set) var indices: [Int] = []
    private(set) var sampledFPS: Double

    init(_ source: MediaSource, sampling: VideoSampling, limits: PixelLimits, decodeLimits: DecodeLimits) throws {
        sampledFPS = sampling.fps
        var planned = 0
        if case .frames(let paths) = source {
            try checkFrames(paths.count, decodeLimits, source.name)
            for path in paths {
                let frame = MediaSource.file(path: path)
                try append(Raster.decode(frame, limits: decodeLimits), limits, name: path)
            }
            indices = Array(paths.indices)
        } else {
            let reader = try VideoReader(source, limits: decodeLimits)
            indices = sampling.indices(numFrames: reader.info.numFrames, seconds: reader.info.seconds)
            if let seconds = reader.info.seconds, seconds > 0 { sampledFPS = Double(indices.count) / seconds }
            if reader.info.numFrames > 0 { planned = indices.count }
            let wanted = Set(indices)
            var position = 0
            while let last = indices.last, position <= last, try reader.advance() {
                try checkFrames(position + 1, decodeLimits, source.name)
                if wanted.contains(position) { try append(reader.frame(), limits, name: source.name) }
                position += 1
            }
            indices.removeAll { $0 >= position }
        }
        guard numFrames > 0 else {
            throw MediaError(.empty, source.name, "no frame could be decoded. Check that the video plays.")
        }
        // Qwen2-VL's frames come in pairs. A stream with fewer frames than its header promised keeps the planned grid.
        let target = max(planned, numFrames)
        let last = pixels.suffix(3 * size.numPixels)
        while numFrames < target + target % 2 {
            pixels.append(contentsOf: last)
            numFrames += 1
        }
    }

    private mutating func append(_ raster: consuming Raster, _ limits: PixelLimits, name: String) throws {
        let regular = try raster.regularized(limits, name: name)
        let found = regular.size
        guard numFrames == 0 || found == size else {
            throw unequalFrames(name, found, size)
        }
        size = found
        numFrames += 1
        regular.withPixels { pixels.append(contentsOf: UnsafeBufferPointer(start: $0, count: 3 * found.numPixels)) }
    }

    /// Calls `body` with the start of each frame.
    func withFrames<Result>(_ body: ([UnsafePointer<UInt8>]) throws -> Result) rethrows -> Result {
        try pixels.withUnsafeBufferPointer { buffer in
            let stride = 3 * size.numPixels
            return try body((0..<numFrames).compactMap { frame in buffer.baseAddress.map { $0 + frame * stride } })
        }
    }
}
