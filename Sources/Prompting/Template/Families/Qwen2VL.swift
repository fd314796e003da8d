extension Template {
    /// Qwen2-VL and Qwen2.5-VL.
    static let qwen2VL = chatML(
        "qwen2_vl", defaultSystem: "You are a helpful assistant.", media: Qwen2VLMediaFormat())
}
