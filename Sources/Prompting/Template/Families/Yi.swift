extension Template {
    /// Yi.
    static let yi = chatml.copy("yi") {
        $0.observation = ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"]
        $0.stopWords = ["<|im_end|>"]
        $0.replacesEOS = false
        $0.replacesJinja = false
    }

    /// Yi-VL.
    static let yiVL = Template(
        "yi_vl",
        user: ["### Human: {{content}}\n### Assistant:"],
        assistant: ["{{content}}\n"],
        defaultSystem: "This is a chat between an inquisitive human and an AI assistant. Assume the role of the AI "
            + "assistant. Read all the images carefully, and respond to the human's questions with "
            + "informative, helpful, detailed and polite answers. 这是一个好奇的人类和一个人工智能助手之间"
            + "的对话。假设你扮演这个AI助手的角色。仔细阅读所有的图像，并对人类的问题做出信息丰富、有帮助、"
            + "详细的和礼貌的回答。\n\n",
        stopWords: ["###"],
        hasEfficientEOS: true,
        unsupportedMedia: "llava")
}
