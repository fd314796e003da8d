extension Template {
    /// OpenChat 3.5.
    static let openchat = Template(
        "openchat",
        prefix: [.bos],
        user: ["GPT4 Correct User: {{content}}", .eos, "GPT4 Correct Assistant:"])

    /// OpenChat 3.6 on Llama 3.
    static let openchat36 = Template(
        "openchat-3.6",
        prefix: [.bos],
        user: [
            "<|start_header_id|>GPT4 Correct User<|end_header_id|>\n\n{{content}}<|eot_id|><|start_header_id|>GPT4 Correct Assistant<|end_header_id|>\n\n"
        ],
        stopWords: ["<|eot_id|>"])
}
