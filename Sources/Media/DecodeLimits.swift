/// Upper bounds on what one media file may cost, so that a small hostile file cannot take all memory or time.
public struct DecodeLimits: Sendable, Hashable {
    /// Pixels of one image or one frame. The default is where Pillow raises DecompressionBombError.
    public var maxPixels: Int
    /// Bytes of one encoded image.
    public var maxImageBytes: Int
    /// Frames that are decoded from one video before sampling.
    public var maxFrames: Int

    public init(maxPixels: Int = 178_956_970, maxImageBytes: Int = 1 << 30, maxFrames: Int = 1_000_000) {
        self.maxPixels = maxPixels
        self.maxImageBytes = maxImageBytes
        self.maxFrames = maxFrames
    }

    public static let standard = DecodeLimits()
}
