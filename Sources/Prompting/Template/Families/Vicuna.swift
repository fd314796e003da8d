extension Template {
    /// Vicuna.
    static let vicuna = Template(
        "vicuna",
        user: ["USER: {{content}} ASSISTANT:"],
        defaultSystem: "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
            + "helpful, detailed, and polite answers to the user's questions.",
        replacesJinja: true)
}
