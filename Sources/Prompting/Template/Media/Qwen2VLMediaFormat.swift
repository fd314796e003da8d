public import Media

/// Qwen2-VL and Qwen2.5-VL: one pad token for every block of merged patches, between start and end.
public struct Qwen2VLMediaFormat: MediaFormat {
    public let imageToken: String? = "<|image_pad|>"
    public let videoToken: String? = "<|video_pad|>"
    private let start = "<|vision_start|>"
    private let end = "<|vision_end|>"
    /// Patches per side of a block that becomes one token.
    private let mergeSize: Int

    public init(mergeSize: Int = 2) { self.mergeSize = mergeSize }

    public func text(image grid: PatchGrid) -> String { text(imageToken, grid) }

    public func text(video grid: PatchGrid) -> String { text(videoToken, grid) }

    private func text(_ token: String?, _ grid: PatchGrid) -> String {
        start + String(repeating: token ?? "", count: grid.numPatches / (mergeSize * mergeSize)) + end
    }
}
