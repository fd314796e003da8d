/// How a family writes images, video and audio into text: placeholders in, the model's own tokens out.
public protocol MediaFormat: Sendable {
    /// The token that stands once for every patch feature of an image, nil when the family takes no images.
    var imageToken: String? { get }
    /// The same for video.
    var videoToken: String? { get }
    /// The text that replaces one `<image>` mark.
    func text(image grid: MediaGrid) -> String
    /// The text that replaces one `<video>` mark.
    func text(video grid: MediaGrid) -> String
}

/// The patches of one image or video: what its size in tokens follows from.
public struct MediaGrid: Sendable, Hashable {
    /// Temporal patches: 1 for an image.
    public var frames: Int
    /// Rows of patches.
    public var rows: Int
    /// Columns of patches.
    public var columns: Int

    public init(frames: Int, rows: Int, columns: Int) {
        self.frames = frames
        self.rows = rows
        self.columns = columns
    }

    /// All patches.
    public var numPatches: Int { frames * rows * columns }
}

/// The grids of a conversation's media, in the order of their marks.
public struct MediaGrids: Sendable, Hashable {
    public var images: [MediaGrid]
    public var videos: [MediaGrid]

    public static let none = MediaGrids()

    public init(images: [MediaGrid] = [], videos: [MediaGrid] = []) {
        self.images = images
        self.videos = videos
    }
}
