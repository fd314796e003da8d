extension Template {
    /// Plain `Human:` and `Assistant:` for base models.
    static let `default` = Template(
        "default",
        system: ["System: {{content}}", .eos, "\n"],
        user: ["Human: {{content}}", .eos, "\nAssistant:"],
        assistant: ["{{content}}", .eos, "\n"],
        replacesJinja: true)
}
