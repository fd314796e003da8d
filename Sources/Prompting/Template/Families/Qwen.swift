extension Template {
    /// Qwen 1.5, 2 and 2.5: ChatML with a system text of its own.
    static let qwen = chatML(
        "qwen", defaultSystem: "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.")

    /// Qwen 3, which thinks.
    static let qwen3 = chatML("qwen3", isReasoning: true)

    /// Qwen 3 that does not think.
    static let qwen3Nothink = chatML("qwen3_nothink")

    /// Qwen 3.5: tools as XML.
    static let qwen35 = chatML(
        "qwen3_5", toolFormat: Qwen35ToolFormat(), isReasoning: true, unsupportedMedia: "qwen3_vl")

    /// Qwen 3.5 that does not think.
    static let qwen35Nothink = qwen35.copy("qwen3_5_nothink") { $0.isReasoning = false }

    /// Qwen 3.6.
    static let qwen36 = qwen35.copy("qwen3_6")

    /// The form all Qwen models share; the line break after an answer's end is trained on, too.
    static func chatML(
        _ name: String, toolFormat: any ToolFormat = QwenToolFormat(), defaultSystem: String = "",
        thoughtWords: ThoughtWords = ThoughtWords(), isReasoning: Bool = false, media: (any MediaFormat)? = nil,
        unsupportedMedia: String? = nil
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
            toolFormat: toolFormat,
            defaultSystem: defaultSystem,
            stopWords: ["<|im_end|>"],
            thoughtWords: thoughtWords,
            replacesEOS: true,
            isReasoning: isReasoning,
            media: media,
            unsupportedMedia: unsupportedMedia)
    }
}
