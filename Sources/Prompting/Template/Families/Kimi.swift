extension Template {
    /// Kimi-VL of Moonshot, which thinks.
    static let kimiVL = Template(
        "kimi_vl",
        system: ["<|im_system|>system<|im_middle|>{{content}}<|im_end|>"],
        user: ["<|im_user|>user<|im_middle|>{{content}}<|im_end|><|im_assistant|>assistant<|im_middle|>"],
        assistant: ["{{content}}<|im_end|>"],
        defaultSystem: "You are a helpful assistant",
        stopWords: ["<|im_end|>"],
        thoughtWords: ThoughtWords(open: "◁think▷", close: "◁/think▷"),
        isReasoning: true,
        unsupportedMedia: "kimi_vl")

    /// Moonlight of Moonshot.
    static let moonlight = Template(
        "moonlight",
        system: ["<|im_system|>system<|im_middle|>{{content}}<|im_end|>"],
        user: ["<|im_user|>user<|im_middle|>{{content}}<|im_end|><|im_assistant|>assistant<|im_middle|>"],
        assistant: ["{{content}}<|im_end|>"],
        defaultSystem: "You are a helpful assistant provided by Moonshot-AI.",
        stopWords: ["<|im_end|>"],
        replacesEOS: true)
}
