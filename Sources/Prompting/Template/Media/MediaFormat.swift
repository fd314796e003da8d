public import Media

/// How a family writes images, video and audio into text: placeholders in, the model's own tokens out.
public protocol MediaFormat: Sendable {
    /// The token that stands once for every patch feature of an image, nil when the family takes no images.
    var imageToken: String? { get }
    /// The same for video.
    var videoToken: String? { get }
    /// The text that replaces one `<image>` mark.
    func text(image grid: PatchGrid) -> String
    /// The text that replaces one `<video>` mark.
    func text(video grid: PatchGrid) -> String
}
