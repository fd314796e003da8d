import Foundation
public import Media

/// How media become patches: the model's processor between LLaMA-Factory's pixel limits. Training and inference use the
/// same value, so that a model meets the pixels it was trained on.
public struct MediaSettings: Sendable, Hashable {
    public var image: VisionProcessorConfig
    public var video: VisionProcessorConfig
    public var imageLimits: PixelLimits
    public var videoLimits: PixelLimits
    public var sampling: VideoSampling

    /// The processor of a model folder.
    ///
    /// - Throws: `MediaError` naming the file and key when the processor's settings are missing or broken.
    public init(modelFolder: String, imageLimits: PixelLimits, videoLimits: PixelLimits, sampling: VideoSampling) throws
    {
        let folder = URL(fileURLWithPath: modelFolder)
        image = try VisionProcessorConfig.image(modelFolder: folder)
        video = try VisionProcessorConfig.video(modelFolder: folder)
        self.imageLimits = imageLimits
        self.videoLimits = videoLimits
        self.sampling = sampling
    }

    /// The grids of a conversation's media, from their headers.
    public func grids(of conversation: Conversation) throws -> MediaGrids {
        MediaGrids(
            images: try conversation.images.map { source in
                let size = try Image.size(of: source)
                return try image.grid(forWidth: size.width, height: size.height, limits: imageLimits)
            },
            videos: try conversation.videos.map {
                try video.grid(ofVideo: $0, sampling: sampling, limits: videoLimits)
            })
    }
}
