extension Template {
    /// Llama 4.
    static let llama4 = Template(
        "llama4",
        prefix: [.bos],
        system: ["<|header_start|>system<|header_end|>\n\n{{content}}<|eot|>"],
        user: ["<|header_start|>user<|header_end|>\n\n{{content}}<|eot|><|header_start|>assistant<|header_end|>\n\n"],
        assistant: ["{{content}}<|eot|>"],
        function: ["{{content}}<|eot|>"],
        observation: [
            "<|header_start|>ipython<|header_end|>\n\n{{content}}<|eot|><|header_start|>assistant<|header_end|>\n\n"
        ],
        toolFormat: Llama3ToolFormat(),
        stopWords: ["<|eot|>", "<|eom|>"],
        replacesEOS: true,
        unsupportedMedia: "llama4")
}
