extension Template {
    /// SmolLM.
    static let smollm = chatml.copy("smollm") {
        $0.observation = ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"]
        $0.stopWords = ["<|im_end|>"]
        $0.replacesEOS = false
        $0.replacesJinja = false
    }

    /// SmolLM 2.
    static let smollm2 = smollm.copy("smollm2") {
        $0.defaultSystem = "You are a helpful AI assistant named SmolLM, trained by Hugging Face."
    }
}
