extension Template {
    /// Seed-Coder of ByteDance.
    static let seedCoder = Template(
        "seed_coder",
        system: [.bos, "system\n{{content}}", .eos],
        user: [.bos, "user\n{{content}}", .eos, .bos, "assistant\n"],
        defaultSystem: "You are an AI programming assistant, utilizing the Seed-Coder model, developed by ByteDance "
            + "Seed, and you only answer questions related to computer science. For politically sensitive "
            + "questions, security and privacy issues, and other non-computer science questions, you will "
            + "refuse to answer.\n\n")

    /// Seed-OSS, which thinks.
    static let seedOSS = Template(
        "seed_oss",
        system: [.bos, "system\n{{content}}", .eos],
        user: [.bos, "user\n{{content}}", .eos, .bos, "assistant\n"],
        function: [.bos, "\n{{content}}", .eos],
        toolFormat: SeedToolFormat(),
        thoughtWords: ThoughtWords(open: "<seed:think>", close: "</seed:think>"),
        isReasoning: true)
}
