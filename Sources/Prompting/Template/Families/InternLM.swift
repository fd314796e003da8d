extension Template {
    /// InternLM 2 and 3.
    static let intern2 = Template(
        "intern2",
        prefix: [.bos],
        system: ["<|im_start|>system\n{{content}}<|im_end|>\n"],
        user: ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
        assistant: ["{{content}}<|im_end|>\n"],
        defaultSystem: "You are an AI assistant whose name is InternLM (书生·浦语).\n- InternLM (书生·浦语) is a "
            + "conversational language model that is developed by Shanghai AI Laboratory (上海人工智能实验"
            + "室). It is designed to be helpful, honest, and harmless.\n- InternLM (书生·浦语) can "
            + "understand and communicate fluently in the language chosen by the user such as English and "
            + "中文.",
        stopWords: ["<|im_end|>"])

    /// InternVL 2.5 and 3.
    static let internVL = Template(
        "intern_vl",
        prefix: [.bos],
        system: ["<|im_start|>system\n{{content}}<|im_end|>\n"],
        user: ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
        assistant: ["{{content}}<|im_end|>\n"],
        defaultSystem: "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。",
        stopWords: ["<|im_end|>"],
        unsupportedMedia: "intern_vl")

    /// Intern-S1.
    static let internS1 = internVL.copy("intern_s1") { $0.defaultSystem = "" }
}
