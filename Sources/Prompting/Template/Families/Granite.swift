extension Template {
    /// Granite 3 of IBM.
    static let granite3 = Template(
        "granite3",
        system: ["<|start_of_role|>system<|end_of_role|>{{content}}<|end_of_text|>\n"],
        user: [
            "<|start_of_role|>user<|end_of_role|>{{content}}<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>"
        ],
        assistant: ["{{content}}<|end_of_text|>\n"])

    /// Granite Vision 3.
    static let granite3Vision = vicuna.copy("granite3_vision") {
        $0.system = ["<|system|>\n{{content}}\n"]
        $0.user = ["<|user|>\n{{content}}\n<|assistant|>\n"]
        $0.observation = ["<|user|>\n{{content}}\n<|assistant|>\n"]
        $0.replacesJinja = false
        $0.unsupportedMedia = "llava_next"
    }

    /// Granite 4.
    static let granite4 = Template(
        "granite4",
        system: ["<|start_of_role|>system<|end_of_role|>{{content}}<|end_of_text|>\n"],
        user: [
            "<|start_of_role|>user<|end_of_role|>{{content}}<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>"
        ],
        assistant: ["{{content}}<|end_of_text|>\n"],
        observation: ["<|start_of_role|>tool<|end_of_role|>{{content}}<|end_of_text|>\n<|start_of_role|>assistant\n"],
        defaultSystem: "You are Granite, developed by IBM. You are a helpful AI assistant.",
        stopWords: ["<|end_of_text|>"])
}
