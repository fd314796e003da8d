extension Template {
    /// Phi 3.
    static let phi = Template(
        "phi",
        system: ["<|system|>\n{{content}}<|end|>\n"],
        user: ["<|user|>\n{{content}}<|end|>\n<|assistant|>\n"],
        assistant: ["{{content}}<|end|>\n"],
        stopWords: ["<|end|>"],
        replacesEOS: true)

    /// Phi 3 small.
    static let phiSmall = Template(
        "phi_small",
        system: ["<|system|>\n{{content}}<|end|>\n"],
        user: ["<|user|>\n{{content}}<|end|>\n<|assistant|>\n"],
        assistant: ["{{content}}<|end|>\n"],
        stopWords: ["<|end|>"],
        replacesEOS: true)

    /// Phi 4.
    static let phi4 = Template(
        "phi4",
        system: ["<|im_start|>system<|im_sep|>{{content}}<|im_end|>"],
        user: ["<|im_start|>user<|im_sep|>{{content}}<|im_end|><|im_start|>assistant<|im_sep|>"],
        assistant: ["{{content}}<|im_end|>"],
        stopWords: ["<|im_end|>"],
        replacesEOS: true)

    /// Phi 4 mini.
    static let phi4Mini = Template(
        "phi4_mini",
        system: ["<|system|>{{content}}<|end|>"],
        user: ["<|user|>{{content}}<|end|><|assistant|>"],
        assistant: ["{{content}}<|end|>"],
        toolFormat: Phi4MiniToolFormat(),
        stopWords: ["<|end|>"],
        replacesEOS: true)
}
