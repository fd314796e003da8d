extension Template {
    /// Zephyr.
    static let zephyr = Template(
        "zephyr",
        system: ["<|system|>\n{{content}}", .eos],
        user: ["<|user|>\n{{content}}", .eos, "<|assistant|>\n"],
        defaultSystem: "You are Zephyr, a helpful assistant.")
}
