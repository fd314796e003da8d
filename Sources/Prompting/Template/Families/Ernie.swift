extension Template {
    /// ERNIE 4.5 and X1.
    static let ernie = Template(
        "ernie",
        system: ["<|im_start|>system\n{{content}}<|im_end|>\n\n"],
        user: ["<|im_start|>user\n{{content}}<|im_end|>\n\n<|im_start|>assistant\n"],
        assistant: ["{{content}}<|im_end|>\n\n"],
        observation: ["<|im_start|>tool\n{{content}}<|im_end|>\n\n<|im_start|>assistant\n"],
        defaultSystem: "<global_setting>\nthink_mode=True\n</global_setting>",
        stopWords: ["<|im_end|>"])

    /// ERNIE 4.5 that does not think.
    static let ernieNothink = Template(
        "ernie_nothink",
        prefix: ["<|begin_of_sentence|>"],
        system: ["{{content}}\n"],
        user: ["User: {{content}}\nAssistant: "],
        assistant: ["{{content}}<|end_of_sentence|>"],
        stopWords: ["<|end_of_sentence|>"])

    /// ERNIE 4.5 VL.
    static let ernieVL = Template(
        "ernie_vl",
        system: ["{{content}}\n"],
        user: ["User: {{content}}"],
        assistant: ["\nAssistant: {{content}}<|end_of_sentence|>"],
        stopWords: ["<|end_of_sentence|>"],
        replacesEOS: true,
        replacesJinja: true,
        isReasoning: true,
        unsupportedMedia: "ernie_vl")
}
