extension Template {
    /// StarChat.
    static let starchat = Template(
        "starchat",
        system: ["<|system|>\n{{content}}<|end|>\n"],
        user: ["<|user|>\n{{content}}<|end|>\n<|assistant|>"],
        assistant: ["{{content}}<|end|>\n"],
        stopWords: ["<|end|>"])
}
