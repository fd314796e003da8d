extension Template {
    /// MiniCPM 4.
    static let cpm4 = chatml.copy("cpm4") {
        $0.prefix = [.bos]
        $0.stopWords = ["<|im_end|>"]
        $0.replacesEOS = false
        $0.replacesJinja = false
    }

    /// MiniCPM-V 2.6 and 4.
    static let minicpmV = Template(
        "minicpm_v",
        system: ["<|im_start|>system\n{{content}}<|im_end|>\n"],
        user: ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
        assistant: ["{{content}}<|im_end|>\n"],
        defaultSystem: "You are a helpful assistant.",
        stopWords: ["<|im_end|>"],
        unsupportedMedia: "minicpm_v")

    /// MiniCPM-V 4.6.
    static let minicpmV46 = minicpmV.copy("minicpm_v_4_6") { $0.unsupportedMedia = "minicpm_v_4_6" }

    /// MiniCPM-o 2.6.
    static let minicpmO = minicpmV.copy("minicpm_o") {
        $0.defaultSystem = "You are a helpful assistant. You can accept audio and text input and output voice and text."
    }
}
