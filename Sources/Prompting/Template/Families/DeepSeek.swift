extension Template {
    /// DeepSeek LLM and V2.
    static let deepseek = Template(
        "deepseek",
        prefix: [.bos],
        system: ["{{content}}\n\n"],
        user: ["User: {{content}}\n\nAssistant:"])

    /// DeepSeek V3.
    static let deepseek3 = Template("deepseek3", prefix: [.bos], user: ["<｜User｜>{{content}}<｜Assistant｜>"])

    /// DeepSeek R1: V3 that thinks.
    static let deepseekr1 = deepseek3.copy("deepseekr1") { $0.isReasoning = true }

    /// DeepSeek Coder.
    static let deepseekcoder = Template(
        "deepseekcoder",
        prefix: [.bos],
        user: ["### Instruction:\n{{content}}\n### Response:"],
        assistant: ["\n{{content}}\n<|EOT|>\n"],
        defaultSystem: "You are an AI programming assistant, utilizing the DeepSeek Coder model, developed by "
            + "DeepSeek Company, and you only answer questions related to computer science. For "
            + "politically sensitive questions, security and privacy issues, and other non-computer "
            + "science questions, you will refuse to answer.\n")
}
