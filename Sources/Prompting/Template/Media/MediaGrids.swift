public import Media

/// The grids of a conversation's media, in the order of their marks.
public struct MediaGrids: Sendable, Hashable {
    public var images: [PatchGrid]
    public var videos: [PatchGrid]

    public static let none = MediaGrids()

    public init(images: [PatchGrid] = [], videos: [PatchGrid] = []) {
        self.images = images
        self.videos = videos
    }
}
