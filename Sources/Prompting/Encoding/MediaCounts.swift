/// How many images and videos were met so far.
struct MediaCounts {
    var images = 0
    var videos = 0

    /// Fails when not all media were met.
    func check(_ media: MediaGrids) throws(ConversationError) {
        guard images == media.images.count, videos == media.videos.count else {
            throw ConversationError(
                .mediaTokensInText,
                "the text gave \(images) images and \(videos) videos after tokenization, where \(media.images.count) "
                    + "and \(media.videos.count) were put in: remove the model's media tokens from the text")
        }
    }
}
