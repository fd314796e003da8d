extension Template {
    /// EXAONE 3 of LG.
    static let exaone = Template(
        "exaone",
        system: ["[|system|]{{content}}[|endofturn|]\n"],
        user: ["[|user|]{{content}}\n[|assistant|]"],
        assistant: ["{{content}}", .eos, "\n"])
}
