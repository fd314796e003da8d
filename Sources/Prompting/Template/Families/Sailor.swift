extension Template {
    /// Sailor of Sea AI Lab.
    static let sailor = Template(
        "sailor",
        system: ["<|im_start|>system\n{{content}}<|im_end|>\n"],
        user: ["<|im_start|>question\n{{content}}<|im_end|>\n<|im_start|>answer\n"],
        assistant: ["{{content}}<|im_end|>\n"],
        defaultSystem: "You are an AI assistant named Sailor created by Sea AI Lab. Your answer should be friendly, "
            + "unbiased, faithful, informative and detailed.",
        stopWords: ["<|im_end|>"])
}
