/// How many frames of a video are used: LLaMA-Factory's `video_fps` and `video_maxlen`.
public struct VideoSampling: Sendable, Hashable {
    /// Frames per second that are taken.
    public var fps: Double
    /// At most this many frames of one video.
    public var maxFrames: Int

    public init(fps: Double = 2, maxFrames: Int = 128) {
        self.fps = fps
        self.maxFrames = maxFrames
    }

    /// Which frames are taken, evenly spread and rounded down; follows `_get_video_sample_indices` of LLaMA-Factory.
    ///
    /// - Parameters:
    ///   - numFrames: as the container says, 0 when it does not.
    ///   - seconds: length of the stream; nil when unknown.
    public func indices(numFrames: Int, seconds: Double?) -> [Int] {
        guard numFrames > 0 else { return spread(over: maxFrames, count: maxFrames) }
        let wanted = seconds.map { ($0 * fps).rounded(.down) } ?? Double(numFrames)
        let count = wanted < Double(numFrames) ? max(1, Int(max(wanted, 1))) : numFrames
        return spread(over: numFrames, count: min(count, maxFrames))
    }

    /// numpy's `linspace(0, total - 1, count)` cut to integers: the step is rounded first, the last value is exact.
    private func spread(over total: Int, count: Int) -> [Int] {
        guard count > 1 else { return count == 1 ? [0] : [] }
        let step = Double(total - 1) / Double(count - 1)
        return (0..<count).map { $0 == count - 1 ? total - 1 : Int(Double($0) * step) }
    }
}
