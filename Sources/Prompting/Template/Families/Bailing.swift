extension Template {
    /// Ling (BaiLing) 1 of Ant Group.
    static let bailing = Template(
        "bailing",
        system: ["<role>SYSTEM</role>{{content}}"],
        user: ["<role>HUMAN</role>{{content}}<role>ASSISTANT</role>"],
        observation: ["<role>OBSERVATION</role>{{content}}<role>ASSISTANT</role>"],
        stopWords: ["<|endoftext|>"],
        hasEfficientEOS: true)

    /// Ling 2: an end-of-role mark after each turn, tools as JSON.
    static let bailingV2 = Template(
        "bailing_v2",
        system: ["<role>SYSTEM</role>{{content}}<|role_end|>"],
        user: ["<role>HUMAN</role>{{content}}<|role_end|><role>ASSISTANT</role>"],
        assistant: ["{{content}}<|role_end|>"],
        function: ["{{content}}<|role_end|>"],
        observation: [
            "<role>OBSERVATION</role>\n<tool_response>\n{{content}}\n</tool_response><|role_end|><role>ASSISTANT</role>"
        ],
        toolFormat: LingToolFormat(),
        stopWords: ["<|endoftext|>"],
        hasEfficientEOS: true)
}
