extension Template {
    /// Llama 2: instructions in brackets, the system text in the first.
    static let llama2 = Template(
        "llama2",
        system: ["<<SYS>>\n{{content}}\n<</SYS>>\n\n"],
        user: [.bos, "[INST] {{content}} [/INST]"],
        fusesSystem: true)

    /// Chinese Llama 2, with a system text of its own.
    static let llama2ZH = llama2.copy("llama2_zh") { $0.defaultSystem = "You are a helpful assistant. 你是一个乐于助人的助手。" }
}
