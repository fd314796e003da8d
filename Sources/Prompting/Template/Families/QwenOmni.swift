extension Template {
    /// Qwen2-Audio.
    static let qwen2Audio = Template(
        "qwen2_audio",
        system: ["<|im_start|>system\n{{content}}<|im_end|>\n"],
        user: ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
        assistant: ["{{content}}<|im_end|>\n"],
        defaultSystem: "You are a helpful assistant.",
        stopWords: ["<|im_end|>"],
        replacesEOS: true,
        unsupportedMedia: "qwen2_audio")

    /// Qwen2.5-Omni.
    static let qwen2Omni = chatML(
        "qwen2_omni", defaultSystem: "You are a helpful assistant.", unsupportedMedia: "qwen2_omni")

    /// Qwen3-Omni, which thinks.
    static let qwen3Omni = chatML("qwen3_omni", isReasoning: true, unsupportedMedia: "qwen2_omni")

    /// Qwen3-Omni that does not think.
    static let qwen3OmniNothink = qwen3Omni.copy("qwen3_omni_nothink") { $0.isReasoning = false }
}
