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
