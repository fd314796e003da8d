extension Template {
    /// OLMo.
    static let olmo = Template("olmo", prefix: [.eos], user: ["<|user|>\n{{content}}<|assistant|>\n"])
}
