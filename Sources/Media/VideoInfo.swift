/// What the header of a video says about its stream of pictures.
public struct VideoInfo: Sendable, Hashable {
    public var size: ImageSize
    /// 0 when the container does not say.
    public var numFrames: Int
    /// Nil when the container does not say.
    public var seconds: Double?
    /// Average frames per second; nil when unknown.
    public var averageFPS: Double?

    public init(size: ImageSize, numFrames: Int, seconds: Double?, averageFPS: Double?) {
        self.size = size
        self.numFrames = numFrames
        self.seconds = seconds
        self.averageFPS = averageFPS
    }
}
