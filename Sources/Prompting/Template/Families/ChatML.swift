extension Template {
    /// ChatML as OpenAI described it.
    static let chatml = Template(
        "chatml",
        system: ["<|im_start|>system\n{{content}}<|im_end|>\n"],
        user: ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
        assistant: ["{{content}}<|im_end|>\n"],
        observation: ["<|im_start|>tool\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
        stopWords: ["<|im_end|>", "<|im_start|>"],
        replacesEOS: true,
        replacesJinja: true)

    /// ChatML with a German system text.
    static let chatmlDE = chatml.copy("chatml_de") {
        $0.defaultSystem = "Du bist ein freundlicher und hilfsbereiter KI-Assistent."
    }
}
