extension Template {
    /// MiMo of Xiaomi: Qwen's form, thinking.
    static let mimo = chatML("mimo", defaultSystem: "You are a helpful assistant.", isReasoning: true)

    /// MiMo 2.
    static let mimoV2 = mimo.copy("mimo_v2") {
        $0.defaultSystem = "You are MiMo, a helpful AI assistant engineered by Xiaomi."
        $0.thoughtWords = ThoughtWords(open: "<think>", close: "</think>")
    }

    /// MiMo-VL.
    static let mimoVL = mimo.copy("mimo_vl") {
        $0.defaultSystem = "You are MiMo, an AI assistant developed by Xiaomi."
        $0.media = Qwen2VLMediaFormat()
    }
}
