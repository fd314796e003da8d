extension Template {
    /// Youtu-LLM of Tencent, which thinks.
    static let youtu = Template(
        "youtu",
        prefix: [.bos],
        user: ["<|User|>{{content}}<|Assistant|>"],
        assistant: ["{{content}}<|end_of_text|>"],
        function: ["{{content}}"],
        observation: ["<tool_response>\n{{content}}\n</tool_response><|Assistant|>"],
        stopWords: ["<|end_of_text|>"],
        replacesEOS: true,
        isReasoning: true)

    /// Youtu-VL.
    static let youtuVL = Template(
        "youtu_vl",
        system: ["<|begin_of_text|>system\n{{content}}<|end_of_text|>\n"],
        user: ["<|begin_of_text|>user\n{{content}}<|end_of_text|>\n<|begin_of_text|>assistant\n"],
        assistant: ["{{content}}<|end_of_text|>\n"],
        defaultSystem: "You are a helpful assistant.",
        stopWords: ["<|end_of_text|>"],
        unsupportedMedia: "youtu_vl")
}
