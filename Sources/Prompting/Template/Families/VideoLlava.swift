extension Template {
    /// Video-LLaVA.
    static let videoLlava = vicuna.copy("video_llava") {
        $0.replacesJinja = false
        $0.unsupportedMedia = "video_llava"
    }
}
