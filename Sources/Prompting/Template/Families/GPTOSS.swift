extension Template {
    /// gpt-oss of OpenAI: thoughts and answers are channels of the harmony format.
    static let gptOSS = Template(
        "gpt_oss",
        system: ["<|start|>system<|message|>{{content}}<|end|>"],
        user: ["<|start|>user<|message|>{{content}}<|end|><|start|>assistant"],
        defaultSystem: "You are ChatGPT, a large language model trained by OpenAI.",
        thoughtWords: ThoughtWords(
            open: "<|channel|>analysis<|message|>", close: "<|end|><|start|>assistant<|channel|>final<|message|>"),
        hasEfficientEOS: true,
        isReasoning: true)
}
