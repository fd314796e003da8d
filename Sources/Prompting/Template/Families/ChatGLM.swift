extension Template {
    /// ChatGLM3, whose role marks are named tokens.
    static let chatglm3 = Template(
        "chatglm3",
        prefix: [.token("[gMASK]"), .token("sop")],
        system: [.token("<|system|>"), "\n", "{{content}}"],
        user: [.token("<|user|>"), "\n", "{{content}}", .token("<|assistant|>")],
        assistant: ["\n", "{{content}}"],
        function: ["{{content}}"],
        observation: [.token("<|observation|>"), "\n", "{{content}}", .token("<|assistant|>")],
        toolFormat: GLM4ToolFormat(),
        stopWords: ["<|user|>", "<|observation|>"],
        hasEfficientEOS: true)

    /// GLM-4 9B.
    static let glm4 = Template(
        "glm4",
        prefix: ["[gMASK]<sop>"],
        system: ["<|system|>\n{{content}}"],
        user: ["<|user|>\n{{content}}<|assistant|>"],
        assistant: ["\n{{content}}"],
        function: ["{{content}}"],
        observation: ["<|observation|>\n{{content}}<|assistant|>"],
        toolFormat: GLM4ToolFormat(),
        stopWords: ["<|user|>", "<|observation|>"],
        hasEfficientEOS: true)

    /// GLM-Z1: GLM-4 that thinks.
    static let glmz1 = glm4.copy("glmz1") { $0.isReasoning = true }

    /// GLM-4.1V: GLM-4 that thinks and sees.
    static let glm4v = glm4.copy("glm4v") {
        $0.stopWords = ["<|user|>", "<|observation|>", "</answer>"]
        $0.isReasoning = true
        $0.unsupportedMedia = "glm4v"
    }

    /// GLM-OCR: GLM-4 that reads documents.
    static let glmOCR = glm4.copy("glm_ocr") { $0.unsupportedMedia = "glm4v" }

    /// GLM-4.5 (mixture of experts), tools as XML.
    static let glm4MoE = Template(
        "glm4_moe",
        prefix: ["[gMASK]<sop>"],
        system: ["<|system|>\n{{content}}"],
        user: ["<|user|>\n{{content}}<|assistant|>"],
        assistant: ["\n{{content}}"],
        function: ["{{content}}"],
        observation: ["<|observation|>\n{{content}}<|assistant|>"],
        toolFormat: GLM4MoEToolFormat(),
        stopWords: ["<|user|>", "<|observation|>"],
        hasEfficientEOS: true,
        isReasoning: true)

    /// GLM-4.5V.
    static let glm45V = glm4MoE.copy("glm4_5v") {
        $0.stopWords = ["<|user|>", "<|observation|>", "</answer>"]
        $0.unsupportedMedia = "glm4v"
    }

    /// GLM-4.7: an empty thought is the closing word alone.
    static let glm47 = glm4MoE.copy("glm4_7") {
        $0.thoughtWords = ThoughtWords(open: "<think>", close: "</think>", emptyIsCloseOnly: true)
    }
}
