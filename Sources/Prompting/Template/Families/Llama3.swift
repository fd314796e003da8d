extension Template {
    /// Llama 3, 3.1 and 3.2.
    static let llama3 = Template(
        "llama3",
        prefix: [.bos],
        system: ["<|start_header_id|>system<|end_header_id|>\n\n{{content}}<|eot_id|>"],
        user: [
            "<|start_header_id|>user<|end_header_id|>\n\n{{content}}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        ],
        assistant: ["{{content}}<|eot_id|>"],
        function: ["{{content}}<|eot_id|>"],
        observation: [
            "<|start_header_id|>ipython<|end_header_id|>\n\n{{content}}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        ],
        toolFormat: Llama3ToolFormat(),
        stopWords: ["<|eot_id|>", "<|eom_id|>"],
        replacesEOS: true)

    /// Llama 3.2 Vision.
    static let mllama = llama3.copy("mllama") { $0.unsupportedMedia = "mllama" }
}
