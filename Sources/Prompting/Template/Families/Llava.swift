extension Template {
    /// LLaVA 1.5: Vicuna's form.
    static let llava = vicuna.copy("llava") {
        $0.replacesJinja = false
        $0.unsupportedMedia = "llava"
    }

    /// LLaVA-NeXT on Vicuna.
    static let llavaNext = vicuna.copy("llava_next") {
        $0.replacesJinja = false
        $0.unsupportedMedia = "llava_next"
    }

    /// LLaVA-NeXT on Llama 3.
    static let llavaNextLlama3 = llama3.copy("llava_next_llama3") { $0.unsupportedMedia = "llava_next" }

    /// LLaVA-NeXT on Mistral.
    static let llavaNextMistral = mistral.copy("llava_next_mistral") { $0.unsupportedMedia = "llava_next" }

    /// LLaVA-NeXT on Qwen.
    static let llavaNextQwen = qwen.copy("llava_next_qwen") {
        $0.defaultSystem = "You are a helpful assistant."
        $0.unsupportedMedia = "llava_next"
    }

    /// LLaVA-NeXT on Yi.
    static let llavaNextYi = yi.copy("llava_next_yi") { $0.unsupportedMedia = "llava_next" }

    /// LLaVA-NeXT-Video on Vicuna.
    static let llavaNextVideo = vicuna.copy("llava_next_video") {
        $0.replacesJinja = false
        $0.unsupportedMedia = "llava_next_video"
    }

    /// LLaVA-NeXT-Video on Mistral.
    static let llavaNextVideoMistral = mistral.copy("llava_next_video_mistral") {
        $0.unsupportedMedia = "llava_next_video"
    }

    /// LLaVA-NeXT-Video on Yi.
    static let llavaNextVideoYi = yi.copy("llava_next_video_yi") { $0.unsupportedMedia = "llava_next_video" }
}
