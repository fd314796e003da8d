extension Template {
    /// Keye-VL of Kuaishou: Qwen's form, thinking.
    static let keyeVL = chatML("keye_vl", isReasoning: true, media: Qwen2VLMediaFormat())
}
