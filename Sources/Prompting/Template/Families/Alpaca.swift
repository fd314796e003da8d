extension Template {
    /// Stanford Alpaca: instruction and response headings, for base models.
    static let alpaca = Template(
        "alpaca",
        user: ["### Instruction:\n{{content}}\n\n### Response:\n"],
        assistant: ["{{content}}", .eos, "\n\n"],
        defaultSystem: "Below is an instruction that describes a task. Write a response that appropriately "
            + "completes the request.\n\n",
        replacesJinja: true)
}
