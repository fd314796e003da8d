extension Template {
    /// Falcon.
    static let falcon = Template(
        "falcon",
        user: ["User: {{content}}\nFalcon:"],
        assistant: ["{{content}}\n"],
        hasEfficientEOS: true)

    /// Falcon-H1.
    static let falconH1 = Template(
        "falcon_h1",
        prefix: [.bos],
        system: ["<|im_start|>system\n{{content}}<|im_end|>\n"],
        user: ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
        assistant: ["{{content}}<|im_end|>\n"],
        observation: ["<|im_start|>tool\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
        stopWords: ["<|im_end|>", "<|end_of_text|>"])
}
