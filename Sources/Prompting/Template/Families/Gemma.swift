extension Template {
    /// Gemma: the system text goes into the first user turn.
    static let gemma = Template(
        "gemma",
        prefix: [.bos],
        system: ["{{content}}\n\n"],
        user: ["<start_of_turn>user\n{{content}}<end_of_turn>\n<start_of_turn>model\n"],
        assistant: ["{{content}}<end_of_turn>\n"],
        observation: ["<start_of_turn>tool\n{{content}}<end_of_turn>\n<start_of_turn>model\n"],
        stopWords: ["<end_of_turn>"],
        replacesEOS: true,
        fusesSystem: true)

    /// Gemma 2.
    static let gemma2 = gemma.copy("gemma2") {
        $0.stopWords = ["<eos>", "<end_of_turn>"]
        $0.hasEfficientEOS = true
        $0.replacesEOS = false
    }

    /// Gemma 3.
    static let gemma3 = gemma.copy("gemma3") { $0.unsupportedMedia = "gemma3" }

    /// Gemma 3n.
    static let gemma3n = gemma.copy("gemma3n") { $0.unsupportedMedia = "gemma3n" }

    /// Gemma 4, which thinks in a channel of its own.
    static let gemma4 = Template(
        "gemma4",
        prefix: [.bos],
        system: ["<|turn>system\n<|think|>{{content}}<turn|>\n"],
        user: ["<|turn>user\n{{content}}<turn|>\n<|turn>model\n"],
        assistant: ["{{content}}<turn|>\n"],
        function: ["<|tool>{{content}}<tool|>"],
        observation: ["<|turn>tool\n{{content}}<turn|>\n<|turn>model\n"],
        toolFormat: Gemma4ToolFormat(),
        defaultSystem: "You are a helpful assistant.",
        stopWords: ["<turn|>"],
        thoughtWords: ThoughtWords(open: "<|channel>thought\n", close: "<channel|>"),
        replacesEOS: true,
        isReasoning: true,
        unsupportedMedia: "gemma4")

    /// Gemma 4n.
    static let gemma4n = gemma4.copy("gemma4n")
}
