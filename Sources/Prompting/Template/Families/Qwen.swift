extension Template {
    /// Qwen 1.5, 2 and 2.5: ChatML with a system text of its own.
    static let qwen = chatML(
        "qwen", defaultSystem: "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.")

    /// The form all Qwen models share; the line break after an answer's end is trained on, too.
    static func chatML(
        _ name: String, defaultSystem: String = "", isReasoning: Bool = false, media: (any MediaFormat)? = nil
    ) -> Template {
        Template(
            name,
            system: ["<|im_start|>system\n{{content}}<|im_end|>\n"],
            user: ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
            assistant: ["{{content}}<|im_end|>\n"],
            function: ["{{content}}<|im_end|>\n"],
            observation: [
                """
                <|im_start|>user
                <tool_response>
                {{content}}
                </tool_response><|im_end|>
                <|im_start|>assistant

                """
            ],
            toolFormat: QwenToolFormat(),
            defaultSystem: defaultSystem,
            stopWords: ["<|im_end|>"],
            replacesEOS: true,
            isReasoning: isReasoning,
            media: media)
    }
}
