extension Template {
    /// Qwen2-VL and Qwen2.5-VL.
    static let qwen2VL = chatML("qwen2_vl", defaultSystem: "You are a helpful assistant.", media: Qwen2VLMediaFormat())

    /// Qwen3-VL, which thinks.
    static let qwen3VL = chatML("qwen3_vl", isReasoning: true, unsupportedMedia: "qwen3_vl")

    /// Qwen3-VL that does not think.
    static let qwen3VLNothink = qwen3VL.copy("qwen3_vl_nothink") { $0.isReasoning = false }
}
